"""What MiniStack 1.5.33 lacks and the stack needs: AWS::IAM::Group and AWS::Events::EventBusPolicy in CloudFormation, Ref of a secret, and event bus
policies that decide: PutEvents is held against the policy of the bus, with events:source and events:detail-type as conditions see them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ministack.core import iam_evaluator
from ministack.core.responses import get_account_id
from ministack.services import eventbridge, iam, secretsmanager
from ministack.services.cloudformation import provisioners

Properties = Mapping[str, Any]


# --- CloudFormation -----------------------------------------------------------


def _done(response: tuple[int, dict[str, str], Any]) -> None:
    if response[0] >= 400:
        raise ValueError(str(response[2]))


def create_group(logical_id: str, properties: Properties, stack: str) -> tuple[str, dict[str, str]]:
    name = properties.get("GroupName") or f"{stack}-{logical_id}"
    _done(iam._create_group({"GroupName": name, "Path": properties.get("Path") or "/"}))
    for arn in properties.get("ManagedPolicyArns") or []:
        _done(iam._attach_group_policy({"GroupName": name, "PolicyArn": arn}))
    for policy in properties.get("Policies") or []:
        document = json.dumps(policy["PolicyDocument"])
        _done(iam._put_group_policy({"GroupName": name, "PolicyName": policy["PolicyName"], "PolicyDocument": document}))
    return name, {"Arn": iam._groups[name]["Arn"]}


def update_group(name: str, old: Properties, new: Properties, _stack: str) -> tuple[str, dict[str, str]]:
    before, after = (set(properties.get("ManagedPolicyArns") or []) for properties in (old, new))
    for arn in before - after:
        _done(iam._detach_group_policy({"GroupName": name, "PolicyArn": arn}))
    for arn in after - before:
        _done(iam._attach_group_policy({"GroupName": name, "PolicyArn": arn}))
    return name, {"Arn": iam._groups[name]["Arn"]}


def delete_group(name: str, _properties: Properties) -> None:
    iam._delete_group({"GroupName": name})


def _statements_of(bus: str) -> list[Any]:
    return eventbridge._event_bus_policies.setdefault(bus, {"Version": "2012-10-17", "Statement": []})["Statement"]


def put_bus_policy(_logical_id: str, properties: Properties, _stack: str) -> tuple[str, dict[str, str]]:
    bus, statement_id = properties.get("EventBusName") or "default", properties["StatementId"]
    statements = _statements_of(bus)
    statements[:] = [one for one in statements if one.get("Sid") != statement_id]
    statements.append({**properties["Statement"], "Sid": statement_id})
    return f"{bus}|{statement_id}", {}


def update_bus_policy(_physical_id: str, old: Properties, new: Properties, stack: str) -> tuple[str, dict[str, str]]:
    delete_bus_policy(f"{old.get('EventBusName') or 'default'}|{old['StatementId']}", old)
    return put_bus_policy("", new, stack)


def delete_bus_policy(physical_id: str, _properties: Properties) -> None:
    bus, _, statement_id = physical_id.partition("|")
    if bus in eventbridge._event_bus_policies:
        statements = _statements_of(bus)
        statements[:] = [one for one in statements if one.get("Sid") != statement_id]


_secret_as_shipped = provisioners._RESOURCE_HANDLERS["AWS::SecretsManager::Secret"]


def create_secret(logical_id: str, properties: Properties, stack: str) -> tuple[str, dict[str, str]]:
    """Ref of a secret is its ARN; as shipped it is the name."""
    _, attributes = _secret_as_shipped["create"](logical_id, properties, stack)
    return attributes["Arn"], attributes


def _name_of(arn: str) -> str:
    return next((name for name, secret in secretsmanager._secrets.items() if secret["ARN"] == arn), arn)


def update_secret(arn: str, old: Properties, new: Properties, stack: str, logical_id: str | None = None) -> tuple[str, dict[str, str]]:
    _, attributes = _secret_as_shipped["update"](_name_of(arn), old, new, stack, logical_id)
    return attributes["Arn"], attributes


def delete_secret(arn: str, properties: Properties) -> None:
    _secret_as_shipped["delete"](_name_of(arn), properties)


# --- Authorisation ------------------------------------------------------------


def bus_policy(arn: str) -> tuple[str, str] | None:
    """The policy of an event bus and the account that owns it, as the evaluator asks for resource policies."""
    _, found, bus = arn.partition(":event-bus/")
    policy = eventbridge._event_bus_policies.get(bus) if found else None
    return (json.dumps(policy), get_account_id()) if policy and policy["Statement"] else None


def put_events_context(body: bytes) -> dict[str, Any]:
    """Sources and detail types of the entries: one value, or a list of those that differ."""
    try:
        entries = json.loads(body or b"{}").get("Entries") or []
        return {
            key: next(iter(values)) if len(values) == 1 else sorted(values)
            for key, member in (("events:source", "Source"), ("events:detail-type", "DetailType"))
            if (values := {str(entry.get(member)) for entry in entries})
        }
    except (ValueError, AttributeError):
        return {}


def apply() -> None:
    provisioners._RESOURCE_HANDLERS["AWS::IAM::Group"] = {"create": create_group, "update": update_group, "delete": delete_group}
    provisioners._RESOURCE_HANDLERS["AWS::Events::EventBusPolicy"] = {
        "create": put_bus_policy,
        "update": update_bus_policy,
        "delete": delete_bus_policy,
    }
    provisioners._RESOURCE_HANDLERS["AWS::SecretsManager::Secret"] = {
        **_secret_as_shipped,
        "create": create_secret,
        "update": update_secret,
        "delete": delete_secret,
    }
    eventbridge.bus_policy = bus_policy
    iam_evaluator._RESOURCE_POLICY_LOOKUPS["events"] = ("eventbridge", "bus_policy")
