import { memoryIam } from '../lib/adapters/memory/iam.ts';
import { providerWorld, use } from '../lib/adapters/memory/provider-world.ts';
import { memorySecrets } from '../lib/adapters/memory/secrets-manager.ts';
import type { Connector, SecretStore } from '../lib/application/ports.ts';
import { command } from '../lib/application/record.ts';
import { workOnCredential } from '../lib/application/work-credential.ts';
import type { CredentialId, KeyId } from '../lib/domain/types.ts';
import { fakeAws } from '../test/fake-aws.ts';
import { CONTEXT, type Given, given, onAws, requested, workUntil } from '../test/given-work.ts';
import type { Row } from './table.ts';

const BAR_MS = 15;

/** Processor time of a whole rotation, over many credentials, each rotated once. */
export async function rotationCpu(): Promise<readonly Row[]> {
  return [await inMemory(500), await overHttp(100)];
}

async function inMemory(rotations: number): Promise<Row> {
  const ports = given();
  const world = providerWorld();
  let keys = 0;
  const connector = memoryIam(world, ports.clock, () => {
    keys += 1;
    return `AKIA${keys}`;
  });
  const consume = (id: CredentialId): void => {
    for (const user of world.users.values())
      if (user.credential === id) use(world, [...user.keys.keys()].at(-1) ?? ('' as KeyId), ports.clock.now());
  };
  const note = 'every decision, and hash and chain of every event; ports in memory';
  return row('alone', await measured(ports, connector, memorySecrets(world, ports.clock), rotations, consume), rotations, note);
}

async function overHttp(rotations: number): Promise<Row> {
  const ports = given();
  const all = rotations + WARM_UP;
  const aws = await fakeAws({ lastUsedOf: (keyId) => (Number(keyId.slice(4)) > all ? new Date(ports.clock.now()) : undefined) });
  const { connector, secrets } = onAws(aws.endpoint);
  const ms = await measured(ports, connector, secrets, rotations, () => undefined);
  await aws.close();
  return row(
    'with its calls',
    ms,
    rotations,
    'the same with the real connectors, the SDK, signing and HTTP; the fake that answers them is in it too',
  );
}

const WARM_UP = 50;

async function measured(
  ports: Given,
  connector: Connector,
  secrets: SecretStore,
  rotations: number,
  consume: (id: CredentialId) => void,
): Promise<number> {
  const work = workOnCredential({ ...ports, connector, secrets, requestTimeoutMs: 10_000 });
  const rotate = async (id: CredentialId): Promise<void> => {
    await command(ports, id, { type: 'rotate' }, CONTEXT);
    await workUntil(ports, id, work, ({ versions }) => versions.some(({ phase }) => phase === 'retiring'));
    ports.pass(ports.timing.usageLagMs + 1);
    consume(id);
    await workUntil(ports, id, work, ({ versions }) => versions.length === 1);
  };
  const ids: CredentialId[] = [];
  for (let n = 0; n < WARM_UP + rotations; n += 1) {
    const id = await requested(ports);
    await workUntil(ports, id, work, ({ status }) => status === 'active');
    ids.push(id);
  }
  for (const id of ids.splice(0, WARM_UP)) await rotate(id);
  const before = process.cpuUsage();
  for (const id of ids) await rotate(id);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000 / rotations;
}

const row = (what: string, ms: number, rotations: number, note: string): Row => ({
  what: `CPU of a rotation, ${what}`,
  bar: `≤ ${BAR_MS} ms`,
  measured: `${ms.toFixed(2)} ms`,
  holds: ms <= BAR_MS,
  note: `mean of ${rotations}: ${note}`,
});
