import { command } from '../lib/application/record.ts';
import { workOnCredential } from '../lib/application/work-credential.ts';
import { workOnDenyList } from '../lib/application/work-deny-list.ts';
import { killPolicy } from '../lib/connectors/aws-iam-user/kill-policy.ts';
import { KILL_CAPACITY, killListId, listed, newDenyList } from '../lib/domain/deny-list.ts';
import { plusMs } from '../lib/domain/types.ts';
import { ACCOUNT, fakeAws } from '../test/fake-aws.ts';
import { CONTEXT, given, onAws, requested, settingsOf, workUntil } from '../test/given-work.ts';
import type { Row } from './table.ts';

/** What a verification asks, and may ask again while a fresh key is not known everywhere. */
const VERIFYING = ['GetSecretValue', 'GetCallerIdentity'];
const BAR = 8;

/** One credential from nothing to its end, by the real connectors over HTTP. */
export async function providerCalls(): Promise<readonly Row[]> {
  const ports = given();
  const firstKey = 'AKIA0000000000000001';
  const aws = await fakeAws({ lastUsedOf: (keyId) => (keyId === firstKey ? undefined : new Date(ports.clock.now())) });
  const work = workOnCredential({ ...ports, ...onAws(aws.endpoint), requestTimeoutMs: 10_000 });
  const id = await requested(ports);
  const taken = (): readonly string[] => aws.calls.splice(0);

  await workUntil(ports, id, work, ({ status }) => status === 'active');
  const issue = taken();

  await command(ports, id, { type: 'rotate' }, CONTEXT);
  await workUntil(ports, id, work, ({ versions }) => versions.length === 2);
  await workUntil(ports, id, work, ({ versions }) => versions.length === 1);
  const rotation = taken();

  await command(ports, id, { type: 'revoke', cause: 'requested' }, CONTEXT);
  let until = 0;
  await workUntil(
    ports,
    id,
    async (...args) => {
      let over = false;
      const worked = work(...args).finally(() => {
        over = true;
      });
      while (until === 0 && !over) {
        if (aws.accessGone()) until = aws.calls.length;
        else await Promise.race([worked, new Promise((next) => setImmediate(next))]);
      }
      return worked;
    },
    ({ status }) => status !== 'active' && until > 0,
  );
  await aws.close();
  return [row('issue from nothing', issue), row('full rotation', rotation), cutOff(until), await killSwitch()];
}

function row(what: string, calls: readonly string[]): Row {
  const apart = calls.filter((call) => VERIFYING.includes(call));
  const own = calls.filter((call) => !VERIFYING.includes(call));
  const listings = own.filter((call) => call.startsWith('List'));
  return {
    what: `provider calls: ${what}`,
    bar: `≤ ${BAR}, no listing`,
    measured: `${own.length}, ${listings.length} listings`,
    holds: own.length <= BAR && listings.length === 0,
    note: `${own.join(', ')}; and one verification: ${apart.join(', ')}`,
  };
}

const cutOff = (calls: number): Row => ({
  what: 'access gone in a revocation',
  bar: 'after 2 calls',
  measured: `after ${calls}`,
  holds: calls <= 2,
  note: 'until the account has its deny and every key is inactive',
});

/** An owner killed: what the list that IAM denies by takes, whatever they hold, since it names owners and not credentials. */
async function killSwitch(): Promise<Row> {
  const { ledger, clock, wake, timing } = given();
  const aws = await fakeAws();
  const denyPolicy = killPolicy({ policyArn: 'arn:k', aws: settingsOf(aws.endpoint) });
  const id = killListId(ACCOUNT);
  await ledger.putDenyList(0, listed(newDenyList(id, ACCOUNT, KILL_CAPACITY), 'owner-key', clock.now()), clock.now());
  await workOnDenyList({ ledger, clock, wake, timing, denyPolicy, requestTimeoutMs: 10_000 })(id, plusMs(clock.now(), 60_000));
  await aws.close();
  const until = aws.calls.indexOf('CreatePolicyVersion') + 1;
  return {
    what: 'access gone by the kill switch',
    bar: '≤ 2 calls an account',
    measured: `after ${until}`,
    holds: until > 0 && until <= 2,
    note: `any number of credentials: ${aws.calls.join(', ')}`,
  };
}
