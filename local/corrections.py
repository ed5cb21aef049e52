"""What MiniStack 1.5.33 gets wrong about IAM and Secrets Manager, put right before it starts.

Authorisation: ARNs of users, groups and roles carry their path, and membership is the group's; condition keys iam:PermissionsBoundary,
iam:PolicyARN, iam:ResourceTag, secretsmanager:ResourceTag, secretsmanager:VersionStage and aws:ResourceTag of both; aws:PrincipalArn of
a session is its role's; policy variables;
aws:SecureTransport is true (all is on loopback, and the bucket that `cdk bootstrap` makes refuses plain HTTP).
State: a user has two access keys at most; a secret made without a value has no version; the token of a call is the id of the secret's version, and a repeated call
with the same token and value changes nothing; a staging label that goes on a version leaves the one it was on, and a first value is AWSCURRENT.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Mapping
from typing import Any

import additions
from ministack.core import iam_actions, iam_evaluator
from ministack.core.iam_evaluator import EvalContext, ParsedStatement
from ministack.core.responses import error_response_json, json_response
from ministack.services import iam, secretsmanager

Params = Mapping[str, Any]
Context = dict[str, Any]
Record = dict[str, Any]
Response = tuple[int, dict[str, str], Any]

KEYS_PER_USER = 2

_param: Callable[[Params, str], str] = iam_actions._query_param
_arn_as_shipped = iam_actions.extract_resource_arn
_context_as_shipped = iam_actions.request_tag_context
_condition_key_as_shipped = iam_evaluator._resolve_condition_key
_create_access_key_as_shipped = iam._create_access_key
_create_secret_as_shipped = secretsmanager._create_secret
_put_secret_value_as_shipped = secretsmanager._put_secret_value


def _found(store: Mapping[str, Record], name: Any) -> Record | None:
    return store.get(name) if isinstance(name, str) and name in store else None


# --- Which resource a call is about -------------------------------------------


def resource_arn(
    service: str, method: str, path: str, headers: Params, body: bytes, params: Params, region: str, account: str
) -> str:
    arn: str = _arn_as_shipped(service, method, path, headers, body, params, region, account)
    if service != "iam":
        return arn
    action = _param(params, "Action")
    given_path = _param(params, "Path") or "/"
    if arn == "*" and action == "CreatePolicy":
        return f"arn:aws:iam::{account}:policy{given_path}{_param(params, 'PolicyName')}"
    if action in ("AddUserToGroup", "RemoveUserFromGroup"):  # about the group, whoever the user is
        group = _param(params, "GroupName")
        return (_found(iam._groups, group) or {}).get("Arn") or f"arn:aws:iam::{account}:group/{group}"
    if action == "GetAccessKeyLastUsed":  # names a key, and is about its user
        key = _found(iam._access_keys, _param(params, "AccessKeyId"))
        return (_found(iam._users, key["UserName"]) or {}).get("Arn", arn) if key else arn
    stores = (("UserName", "user", iam._users), ("RoleName", "role", iam._roles), ("GroupName", "group", iam._groups))
    for parameter, kind, store in stores:
        name = _param(params, parameter)
        if not name or arn != f"arn:aws:iam::{account}:{kind}/{name}":
            continue
        known = _found(store, name)
        if known and known.get("Arn"):
            return known["Arn"]
        return f"arn:aws:iam::{account}:{kind}{given_path}{name}" if action.startswith("Create") else arn
    return arn


# --- What conditions see of a call --------------------------------------------


def _tags_of(record: Record | None, prefix: str) -> Context:
    tags = (record or {}).get("Tags") or []
    return {f"{kind}:ResourceTag/{tag['Key']}": tag["Value"] for tag in tags for kind in ("aws", prefix)}


def _iam_context(action: str, params: Params) -> Context:
    target = _found(iam._users, _param(params, "UserName")) or _found(iam._roles, _param(params, "RoleName"))
    context = _tags_of(target, "iam")
    boundary: Any = _param(params, "PermissionsBoundary")
    if not boundary and target and not action.startswith("Create"):
        boundary = target.get("PermissionsBoundary")
        if isinstance(boundary, dict):
            boundary = boundary.get("PermissionsBoundaryArn")
    if boundary:
        context["iam:PermissionsBoundary"] = boundary
    if policy := _param(params, "PolicyArn"):
        context["iam:PolicyARN"] = policy
    return context


def _secret_context(action: str, body: bytes) -> Context:
    try:
        call = json.loads(body or b"{}")
    except ValueError:
        return {}
    if not isinstance(call, dict):
        return {}
    _, secret = secretsmanager._resolve(call.get("SecretId") or "")
    context = _tags_of(secret, "secretsmanager")
    if stage := call.get("VersionStage") or ("AWSCURRENT" if action == "GetSecretValue" else None):
        context["secretsmanager:VersionStage"] = stage
    return context


def request_context(service: str, iam_action: str, body: bytes, params: Params) -> Context:
    context = dict(_context_as_shipped(service, iam_action, body, params))
    action = iam_action.split(":", 1)[-1]
    if service == "iam":
        context.update(_iam_context(action, params))
    if service == "secretsmanager":
        context.update(_secret_context(action, body))
    if service == "events" and action == "PutEvents":
        context.update(additions.put_events_context(body))
    return context


_ALWAYS = {"aws:securetransport": "true", "aws:viaawsservice": "false"}


def _role_behind(principal_arn: str) -> str:
    """aws:PrincipalArn of a role's session is the role's own ARN, path and all."""
    _, session, names = principal_arn.partition(":assumed-role/")
    role = _found(iam._roles, names.split("/", 1)[0]) if session else None
    return role["Arn"] if role else principal_arn


def condition_key(key: str, context: EvalContext) -> Any:
    if key.lower() == "aws:principalarn":
        return _role_behind(context.principal_arn)
    return _ALWAYS.get(key.lower()) or _condition_key_as_shipped(key, context)


# --- Policy variables ---------------------------------------------------------

_VARIABLE = re.compile(r"\$\{([^}]+)\}")
_NO_VALUE = "\0"  # matches nothing, like a variable without a value on AWS


def _filled(text: str, context: EvalContext) -> str:
    def value(match: re.Match[str]) -> str:
        key = match.group(1)
        if key.lower() == "aws:username":
            return context.principal_arn.rsplit("/", 1)[-1] if ":user/" in context.principal_arn else _NO_VALUE
        found = condition_key(key, context)
        return found if isinstance(found, str) else _NO_VALUE

    return _VARIABLE.sub(value, text) if "${" in text else text


def _filled_value(value: Any, context: EvalContext) -> Any:
    if isinstance(value, list):
        return [_filled_value(item, context) for item in value]
    return _filled(value, context) if isinstance(value, str) else value


def _filled_conditions(conditions: Mapping[str, Any], context: EvalContext) -> Mapping[str, Any]:
    return {
        operator: {key: _filled_value(value, context) for key, value in block.items()} if isinstance(block, dict) else block
        for operator, block in conditions.items()
    }


def first_match(context: EvalContext, statements: list[ParsedStatement], effect: str) -> ParsedStatement | None:
    for statement in statements:
        if (
            statement.effect == effect
            and iam_evaluator._action_matches(context.action, statement.actions, statement.not_actions)
            and iam_evaluator._resource_matches(
                context.resource_arn, _filled_value(statement.resources, context), _filled_value(statement.not_resources, context)
            )
            and iam_evaluator._conditions_met(_filled_conditions(statement.conditions, context), context)
        ):
            return statement
    return None


# --- State --------------------------------------------------------------------

_one_at_a_time = threading.Lock()


def create_access_key(params: Params) -> Response:
    user = iam._p(params, "UserName") or "default"
    with _one_at_a_time:
        if sum(key["UserName"] == user for key in iam._access_keys.values()) >= KEYS_PER_USER:
            return iam._error(409, "LimitExceeded", f"Cannot exceed quota for AccessKeysPerUser: {KEYS_PER_USER}")
        return _create_access_key_as_shipped(params)


def _same_value(version: Record, call: Record) -> bool:
    return all(version.get(part) == call.get(part) for part in ("SecretString", "SecretBinary"))


def _token_taken(token: str) -> Response:
    message = f"You can't use ClientRequestToken {token} because that value is already in use for a version of the secret."
    return error_response_json("ResourceExistsException", message, 400)


def create_secret(call: Record) -> Response:
    token = call.get("ClientRequestToken")
    name = call.get("Name")
    if "SecretString" not in call and "SecretBinary" not in call:  # no value, hence no version
        response = _create_secret_as_shipped(call)
        if response[0] != 200:
            return response
        secretsmanager._secrets[name]["Versions"] = {}
        return json_response({"ARN": secretsmanager._secrets[name]["ARN"], "Name": name})
    if not token:
        return _create_secret_as_shipped(call)
    with _one_at_a_time:
        secret = _found(secretsmanager._secrets, name)
        if secret and token in secret["Versions"] and not secret.get("DeletedDate"):
            if not _same_value(secret["Versions"][token], call):
                return _token_taken(token)
        else:
            response = _create_secret_as_shipped(call)
            if response[0] != 200:
                return response
            secret = secretsmanager._secrets[name]
            secret["Versions"] = {token: version for version in secret["Versions"].values()}
        return json_response({"ARN": secret["ARN"], "Name": name, "VersionId": token})


def _labelled(secret: Record | None, response: Response) -> Response:
    """A label is on one version at a time, and the first value that a secret gets is the current one whatever it was staged."""
    if response[0] != 200 or not secret:
        return response
    answer = json.loads(response[2])
    versions = secret["Versions"]
    stages = versions[answer["VersionId"]]["Stages"]
    for token, version in versions.items():
        if token != answer["VersionId"]:
            version["Stages"] = [stage for stage in version["Stages"] if stage not in stages]
    if not any("AWSCURRENT" in version["Stages"] for version in versions.values()):
        stages.append("AWSCURRENT")
    return json_response({**answer, "VersionStages": list(stages)})


def put_secret_value(call: Record) -> Response:
    token = call.get("ClientRequestToken")
    with _one_at_a_time:
        _, secret = secretsmanager._resolve(call.get("SecretId"))
        version = secret["Versions"].get(token) if token and secret and not secret.get("DeletedDate") else None
        if not version:
            return _labelled(secret, _put_secret_value_as_shipped(call))
        if not _same_value(version, call):
            return _token_taken(token)
        stages = list(version["Stages"])
        return json_response({"ARN": secret["ARN"], "Name": secret["Name"], "VersionId": token, "VersionStages": stages})


def apply() -> None:
    additions.apply()
    iam_actions.extract_resource_arn = resource_arn
    iam_actions.request_tag_context = request_context
    iam_evaluator._resolve_condition_key = condition_key
    iam_evaluator._first_match = first_match
    iam._IAM_HANDLERS["CreateAccessKey"] = create_access_key
    secretsmanager._create_secret = create_secret
    secretsmanager._put_secret_value = put_secret_value
