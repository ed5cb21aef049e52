import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { macOf, parseKeyring } from '../lib/client/token-mac.ts';
import { tokenVerifier } from '../lib/client/token-verifier.ts';
import { AUTHORIZER_ENV } from '../lib/contract/env.ts';
import { tokenBody, withChecksum } from '../lib/domain/token/format.ts';
import { coldStart } from './cold-start.ts';
import type { Row } from './table.ts';

const CHECKS = 3_000;
const WARM_UP = 500;
const BAR_MS = 1;
const ID = '01arz3ndektsv4rrffq69g5fav';
const KEYS = JSON.stringify({ current: 'k1', k1: 'k'.repeat(64) });
const ENVIRONMENT = {
  [AUTHORIZER_ENV.environment]: 'prod',
  [AUTHORIZER_ENV.scopes]: '{}',
  AWS_ACCESS_KEY_ID: 'a',
  AWS_SECRET_ACCESS_KEY: 's',
};

/** Size and init of the authorizer, and the processor time of one check: two reads over HTTP, signed, and two MACs. */
export async function authorizer(): Promise<readonly Row[]> {
  const size = coldStart('authorize-token', { sizeKb: 60, initMs: 60 }, ENVIRONMENT);
  return [...size, await checkCpu()];
}

/** Answers as DynamoDB and Secrets Manager would; in a process of its own, so that its time is not counted. */
const SERVER = `
const { createServer } = require('node:http');
const answers = JSON.parse(process.argv[1]);
const server = createServer((incoming, outgoing) => {
  const chunks = [];
  incoming.on('data', (chunk) => chunks.push(chunk)).on('end', () => {
    const body = Buffer.concat(chunks).toString();
    const kind = body.includes('SecretId') ? 'keys' : body.includes('TOKEN#') ? 'token' : 'owner';
    outgoing.setHeader('content-type', 'application/json').end(answers[kind]);
  });
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
process.stdin.resume().on('end', () => process.exit());`;

async function checkCpu(): Promise<Row> {
  const body = tokenBody('prod', ID, randomBytes(32));
  const { current, keys } = parseKeyring(KEYS);
  const key = keys.get(current);
  if (!key) throw new Error('no key');
  const version = {
    attempt: { S: 'a' },
    mac: { S: macOf(key, body).toString('base64url') },
    macKey: { S: current },
    active: { BOOL: true },
  };
  const record = {
    ...{ id: { S: ID }, credentialId: { S: `cred_${ID}` }, ownerId: { S: 'own_1' }, ownerEpoch: { N: '0' }, environment: { S: 'prod' } },
    terms: { M: { scopes: { L: [{ S: 'orders:read' }] }, outlivesLeave: { BOOL: false } } },
    ...{
      denied: { BOOL: false },
      removed: { BOOL: false },
      versions: { L: [{ M: version }, { M: { ...version, active: { BOOL: false } } }] },
    },
  };
  const answers = {
    keys: JSON.stringify({ SecretString: KEYS }),
    token: JSON.stringify({ Item: record }),
    owner: JSON.stringify({ Item: { status: { S: 'active' }, epoch: { N: '0' } } }),
  };
  const server = spawn(process.execPath, ['--eval', SERVER, JSON.stringify(answers)], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [said] = await once(server.stdout, 'data');
  const port = Number(String(said));
  const credentials = { accessKeyId: 'a', secretAccessKey: 's', sessionToken: 't'.repeat(400) };
  const aws = { region: 'us-east-1', endpoint: `http://127.0.0.1:${port}`, credentials };
  const verify = tokenVerifier({ ...aws, table: 'nhi', tokenKeys: 'nhi-token-keys', environment: 'prod' });
  const token = withChecksum(body);
  const check = async (times: number): Promise<void> => {
    for (let n = 0; n < times; n += 1) if (!(await verify(token, 'orders:read')).ok) throw new Error('refused');
  };
  await check(WARM_UP);
  const before = process.cpuUsage();
  await check(CHECKS);
  const { user, system } = process.cpuUsage(before);
  server.stdin.end();
  await once(server, 'exit');
  const ms = (user + system) / 1_000 / CHECKS;
  return {
    what: 'CPU of a check of a token',
    bar: `≤ ${BAR_MS} ms`,
    measured: `${ms.toFixed(2)} ms`,
    holds: ms <= BAR_MS,
    note: `mean of ${CHECKS} in a row, of the whole process that checks: two signed reads over HTTP without TLS, two MACs, the decision`,
  };
}
