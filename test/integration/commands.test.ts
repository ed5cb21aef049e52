import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EventBridgeClient, PutRuleCommand, PutTargetsCommand } from '@aws-sdk/client-eventbridge';
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AwsCredentials } from '../../lib/client/signed-call.ts';
import { type LocalCloud, startLocalCloud } from '../../local/cloud.ts';
import { deploy } from '../../local/deploy.ts';
import { factOf, say, sequences } from '../../local/play/facts.ts';
import { readSecret } from '../../local/play/outside.ts';
import { readPeople } from '../../local/play/people.ts';
import { newReport } from '../../local/play/report.ts';
import { openStage, type Stage } from '../../local/play/stage.ts';
import { sweeping } from './sweeping.ts';

const ACCOUNT = '000000000000';
const PEOPLE = readPeople('examples/company/people-2026-03-01.csv');
const folder = mkdtempSync(join(tmpdir(), 'nhi-commands-'));
const next = sequences();

let cloud: LocalCloud;
let stopSweeping: (() => Promise<void>) | undefined;
let stage: Stage;
let told: string;

/** Programmers who answer for build keys; the first of them leaves, and so does the second, which is more than the guard lets pass. */
const [ann, bob, carl] = ['dwilliams', 'vjackson', 'dnguyen'] as const;
const person = (name: string) => {
  const found = PEOPLE.find(({ email }) => email === `${name}@example.com`);
  if (!found) throw new Error(`nobody is ${name}`);
  return found;
};
const as = (name: string): Promise<AwsCredentials> => stage.company.signIn('person', `${name}@example.com`);
/** The president, with a second role. */
const security = (): Promise<AwsCredentials> => stage.company.signIn('security', 'sking@example.com');
const hr = async (type: 'Joined' | 'Left', ...names: readonly string[]): Promise<void> => {
  const facts = names.map((name) => factOf(stage.stack.inboundBus, type, person(name), next(name), new Date()));
  await say(await stage.company.signIn('hr-feed', 'test'), facts);
};

beforeAll(async () => {
  cloud = await startLocalCloud({ env: { ...process.env, AWS_ENDPOINT_URL: '' }, lastUsedLagMs: 1_000, progress: console.log });
  for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) delete process.env[name];
  Object.assign(process.env, cloud.env);
  cpSync('examples/company', folder, { recursive: true });
  const policy = join(folder, 'nhi.policy.yaml');
  writeFileSync(policy, readFileSync(policy, 'utf8').replace(/^guard:.*$/m, 'guard: {hour: {owners: 1}}'));
  const outputs = await deploy({ env: cloud.env, policy, onLine: () => undefined });
  const stack = {
    apiUrl: outputs['ApiUrl'] ?? '',
    inboundBus: outputs['InboundBus'] ?? '',
    feedBucket: outputs['FeedBucket'] ?? '',
    account: ACCOUNT,
    region: 'us-east-1',
  };
  stage = await openStage(
    stack,
    newReport(() => undefined),
  );
  told = await listenTo(outputs['OutboundBus'] ?? '');
  stopSweeping = sweeping();
  const everybody = ['sking', 'nyang', 'lgarcia', 'ajames', ann, bob, carl];
  await hr('Joined', ...everybody);
  await stage.eventually('everybody is known', async () => {
    const known = await Promise.all(everybody.map((name) => stage.owner(`hr:${person(name).id}`)));
    return known.every(({ status }) => status === 'active') ? true : undefined;
  });
}, 240_000);
afterAll(async () => {
  await stopSweeping?.();
  await cloud?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** A queue that hears what the outbound bus tells of batches and handovers. */
async function listenTo(bus: string): Promise<string> {
  const { QueueUrl = '' } = await new SQSClient({ useQueueUrlAsEndpoint: false }).send(new CreateQueueCommand({ QueueName: 'test-told' }));
  const events = new EventBridgeClient({});
  const kinds = ['Batch Held', 'Batch Released', 'Credential Suspended', 'Credential Resumed', 'Credential Transferred'];
  const EventPattern = JSON.stringify({ 'detail-type': kinds });
  await events.send(new PutRuleCommand({ Name: 'test-told', EventBusName: bus, EventPattern }));
  const Arn = `arn:aws:sqs:us-east-1:${ACCOUNT}:test-told`;
  await events.send(new PutTargetsCommand({ Rule: 'test-told', EventBusName: bus, Targets: [{ Id: 'q', Arn }] }));
  return QueueUrl;
}

interface Shown {
  readonly id: string;
  readonly status: string;
  readonly secretName: string;
  readonly keys: readonly { readonly keyId: string; readonly phase: string }[];
  readonly succession?: { readonly from: string; readonly to: string; readonly acceptedAt: string | null };
}

/** Runs a command that has to succeed; gives what it printed as JSON. */
async function done(who: AwsCredentials, ...args: readonly string[]): Promise<Shown> {
  const { code, out, err } = await stage.nhi(who, 'credential', ...args, '--json');
  if (code !== 0) throw new Error(`${args.join(' ')}: exit ${code}: ${err}`);
  return JSON.parse(out);
}
const wants = ['--profile', 'ci-deploy', '--environment', 'prod', '--purpose', 'build'];
const requested = async (name: string, ...more: readonly string[]): Promise<Shown> =>
  done(await as(name), 'request', ...wants, '--consumer', stage.company.consumerArn, '--wait', ...more);
const why = ['--reason', 'a test'];

describe.concurrent('nhi credential, against the deployed stack', () => {
  it('rotate --now: when it is back, the leaked key is refused, and the new one is the one that is read', async () => {
    const { id, secretName } = await requested(ann);
    const service = await stage.company.signIn('service', 'build');
    const leaked = await readSecret(service, secretName);
    await done(await as(ann), 'rotate', id, ...why, '--now', '--wait');
    const fresh = await readSecret(service, secretName);
    expect(fresh?.accessKeyId).not.toBe(leaked?.accessKeyId);
    expect([await stage.refused(leaked ?? never()), await stage.refused(fresh ?? never())]).toEqual([true, false]);
    const again = await stage.nhi(await as(ann), 'credential', 'undo', id, ...why);
    expect(again).toMatchObject({ code: 1, err: expect.stringMatching(/cannot undo: active since/) }); // nobody wants a leaked key back
    await done(await as(ann), 'revoke', id, ...why, '--now');
    expect(await stage.refused(fresh ?? never())).toBe(true);
    const late = await stage.nhi(await as(ann), 'credential', 'rotate', id, ...why);
    expect(late).toMatchObject({
      code: 1,
      err: expect.stringMatching(/cannot rotate: (being revoked since|revoked on) 20.*\(requested\)/),
    });
  });

  it('suspend --wait and resume --wait: refused, and as it was', async () => {
    const { id, secretName } = await requested(bob);
    const key = (await readSecret(await stage.company.signIn('service', 'build'), secretName)) ?? never();
    expect(await done(await as(bob), 'suspend', id, ...why, '--wait')).toMatchObject({ status: 'suspended' });
    expect(await stage.refused(key)).toBe(true);
    expect(await stage.nhi(await as(bob), 'credential', 'resume', id, ...why)).toMatchObject({ code: 4 }); // nobody lets themselves go on
    await done(await security(), 'resume', id, ...why, '--wait');
    expect(await stage.refused(key)).toBe(false);
  });

  it('transfer, accept: the new owner’s, with keys that the old one never knew', async () => {
    const { id, secretName } = await requested(ann);
    const service = await stage.company.signIn('service', 'build');
    const old = (await readSecret(service, secretName)) ?? never();
    const to = `hr:${person(carl).id}`;
    const wrong = await stage.nhi(await as(ann), 'credential', 'transfer', id, '--to', 'hr:101', ...why);
    expect(wrong).toMatchObject({ code: 1, err: expect.stringMatching(/to: hr:101: not-eligible: AC_MGR/) });
    await done(await as(ann), 'transfer', id, '--to', to, ...why);
    const { succession } = await stage.eventually(`${id} is handed over`, async () => {
      const shown = (await stage.credential(id)) as unknown as Shown;
      return shown.succession ? shown : undefined;
    });
    expect(succession).toMatchObject({ from: `hr:${person(ann).id}`, to, acceptedAt: null });
    expect(await stage.refused(old)).toBe(true);
    expect(await stage.nhi(await as(ann), 'credential', 'accept', id, ...why)).toMatchObject({ code: 1 }); // not hers any more
    expect(await done(await as(carl), 'accept', id, ...why)).toMatchObject({ succession: { acceptedAt: expect.stringMatching(/^20/) } });
  });
});

describe('nhi batch, against the deployed stack', () => {
  it('list, release: what the guard holds is let go by a second person, on its seal', async () => {
    await hr('Left', bob, carl); // each holds one; an hour lets one of them pass
    const held = await stage.eventually('somebody is held', async () => {
      const { held } = (await stage.call(await security(), 'GET', '/v1/batches')).json;
      return held ?? undefined;
    });
    const { out } = await stage.nhi(await security(), 'batch', 'list');
    expect(out).toMatch(new RegExp(`hr:\\d+ .*leave \\(normal\\).*cred_.*transfer[\\s\\S]*nhi batch release ${held.seal}`));
    const release = (who: AwsCredentials, seal: string) => stage.nhi(who, 'batch', 'release', seal, ...why);
    expect(await release(await as(ann), held.seal)).toMatchObject({ code: 4 });
    expect(await release(await security(), 'ab'.repeat(12))).toMatchObject({ code: 1, err: expect.stringContaining(held.seal) });
    expect(await release(await stage.company.signIn('security', 'nyang@example.com'), held.seal)).toMatchObject({ code: 4 });
    expect(await release(await security(), held.seal)).toMatchObject({ code: 0 });
    expect((await stage.nhi(await security(), 'batch', 'list')).out).toMatch(/^Nothing is held\.\nreleased .* by hr:100: a test/);
  });

  it('and the outbound bus tells of all of it', async () => {
    const heard = new Set<string>();
    await stage.eventually('five kinds of events', async () => {
      const { Messages = [] } = await new SQSClient({ useQueueUrlAsEndpoint: false }).send(
        new ReceiveMessageCommand({ QueueUrl: told, MaxNumberOfMessages: 10 }),
      );
      for (const { Body = '' } of Messages) heard.add(JSON.parse(Body)['detail-type']);
      return heard.size === 5 ? true : undefined;
    });
  });
});

const never = (): never => {
  throw new Error('the secret can’t be read');
};
