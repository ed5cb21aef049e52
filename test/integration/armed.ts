import type { Control } from '../../local/control.ts';
import type { FaultRule, FiredFault } from '../../local/gateway/faults.ts';

const KINDS = ['drop-after', 'throttle', 'error', 'duplicate', 'delay', 'drop'] as const;

/** Each operation goes wrong once in each of these ways, whichever credential it is for. */
const allOf = (service: string, ...operations: readonly string[]): readonly FaultRule[] => inOrder(KINDS, service, operations);
const inOrder = (kinds: readonly FaultRule['kind'][], service: string, operations: readonly string[]): readonly FaultRule[] =>
  operations.flatMap((operation) => kinds.map((kind) => ({ match: `${service}:${operation}`, kind, ms: 2_000 })));

/** One of three tries gets through: a worker that gives up on the table is waited for by the sweep for two minutes, which others show. */
const OF_TABLE = ['drop-after', 'duplicate', 'throttle', 'delay', 'error', 'drop'] as const;

/** Its effect comes when the worker has given it up. */
const LATE: FaultRule = { match: 'iam:CreateAccessKey', kind: 'delay', ms: 11_000 };

/** In this order, since each call without an answer costs a whole lease of the list: the owner whose kill is lifted is spared those. */
const RENDERING = (['duplicate', 'delay', 'drop-after', 'throttle', 'error', 'drop'] as const).map(
  (kind): FaultRule => ({ match: 'iam:CreatePolicyVersion', kind, ...(kind === 'error' && { status: 403, code: 'AccessDenied' }) }),
);

/** What making a key goes through, the first one or the next. */
export const MAKING = [
  ...allOf('iam', 'CreateAccessKey'),
  ...allOf('secretsmanager', 'PutSecretValue', 'GetSecretValue'),
  ...inOrder(OF_TABLE, 'dynamodb', ['TransactWriteItems', 'GetItem']),
  ...allOf('sqs', 'SendMessage'),
];

export const EVERYTHING = [
  ...[LATE, ...MAKING, ...allOf('sts', 'GetCallerIdentity')],
  ...allOf('secretsmanager', 'CreateSecret', 'PutResourcePolicy', 'DescribeSecret', 'UpdateSecretVersionStage', 'DeleteSecret'),
  ...allOf('iam', 'CreateUser', 'AddUserToGroup', 'UpdateAccessKey', 'GetAccessKeyLastUsed', 'ListAccessKeys', 'DeleteAccessKey'),
  ...allOf('iam', 'PutUserPolicy', 'DeleteUserPolicy', 'DeleteUser', 'GetUser'),
  ...[...RENDERING, ...allOf('iam', 'GetPolicyVersion', 'ListPolicyVersions', 'DeletePolicyVersion')],
];

/** Faults that are added to while others wait to be met. */
export function armedAt(control: Control) {
  let armed: readonly FaultRule[] = [];
  const met: FiredFault[] = [];
  const note = async (): Promise<void> => {
    const left = [...armed];
    for (const fault of await control.fired()) {
      met.push(fault);
      const at = left.findIndex(({ match, kind }) => match === fault.call && kind === fault.kind);
      if (at >= 0) left.splice(at, 1);
    }
    armed = left;
  };
  return {
    arm: async (more: readonly FaultRule[]): Promise<void> => {
      await note();
      armed = [...armed, ...more];
      await control.faults(armed);
    },
    /** No more of them; gives what was met. */
    disarm: async (): Promise<readonly FiredFault[]> => {
      await note();
      await control.faults([]);
      return met;
    },
  };
}
