import { once } from 'node:events';
import { createServer } from 'node:http';
import type { APIGatewayRequestAuthorizerEventV2 } from 'aws-lambda';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { AUTHORIZER_ENV } from '../../../lib/contract/env.ts';
import { givenToken, ID } from '../token/given-tokens.ts';

/** Answers as DynamoDB and Secrets Manager, and notes what was asked for. */
const asked: string[] = [];
const live = givenToken({ macKey: 'k1' });
let down = false;
const item = {
  ...{ id: { S: ID }, credentialId: { S: `cred_${ID}` }, ownerId: { S: 'own_1' }, ownerEpoch: { N: '0' }, environment: { S: 'prod' } },
  ...{
    terms: { M: { scopes: { L: [{ S: 'orders:read' }] }, outlivesLeave: { BOOL: false } } },
    denied: { BOOL: false },
    removed: { BOOL: false },
  },
  versions: { L: [{ M: { attempt: { S: 'a' }, mac: { S: live.version.mac }, macKey: { S: 'k1' }, active: { BOOL: true } } }] },
};
const answers: Readonly<Record<string, object>> = {
  [`TOKEN#${ID}`]: { Item: item },
  'OWNER#own_1': { Item: { status: { S: 'active' }, epoch: { N: '0' } } },
};
const server = createServer(async (incoming, outgoing) => {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const { Key, ConsistentRead, ProjectionExpression } = JSON.parse(Buffer.concat(chunks).toString());
  const pk: string = Key?.pk.S ?? 'keys';
  asked.push(Key ? `${pk} ${ConsistentRead ? 'consistently' : ''} ${ProjectionExpression ? 'in part' : ''}` : pk);
  const keys = { SecretString: JSON.stringify({ current: 'k1', k1: 'a'.repeat(64) }) };
  outgoing.writeHead(down ? 500 : 200).end(JSON.stringify(down ? {} : Key ? (answers[pk] ?? {}) : keys));
});

beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  for (const [name, value] of Object.entries({
    ...{ AWS_REGION: 'us-east-1', AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 's', AWS_ENDPOINT_URL: `http://127.0.0.1:${port}` },
    ...{ [AUTHORIZER_ENV.table]: 'nhi', [AUTHORIZER_ENV.tokenKeys]: 'nhi-token-keys', [AUTHORIZER_ENV.environment]: 'prod' },
    [AUTHORIZER_ENV.scopes]: '{"GET /orders":"orders:read","POST /orders":"orders:write"}',
  }))
    vi.stubEnv(name, value);
});
afterAll(() => {
  vi.unstubAllEnvs();
  server.close();
});
const said: string[] = [];
beforeEach(() => {
  down = false;
  asked.length = 0;
  said.length = 0;
  vi.spyOn(console, 'info').mockImplementation((line: string) => void said.push(line));
});

const ask = async (routeKey: string, authorization?: string) => {
  const { handler } = await import('../../../functions/authorize-token/handler.ts');
  const event = { routeKey, headers: { ...(authorization !== undefined && { authorization }) }, requestContext: { requestId: 'r1' } };
  return handler(event as unknown as APIGatewayRequestAuthorizerEventV2);
};
const why = () => said.map((line) => JSON.parse(line).why);

describe('the authorizer', () => {
  it('lets a live token in, after two consistent reads of what it needs, and says who it is', async () => {
    expect(await ask('GET /orders', `Bearer ${live.text}`)).toEqual({
      isAuthorized: true,
      context: { credentialId: `cred_${ID}`, ownerId: 'own_1', scopes: 'orders:read' },
    });
    expect(asked.filter((line) => line !== 'keys')).toEqual([`TOKEN#${ID} consistently in part`, 'OWNER#own_1 consistently in part']);
  });

  it.each([
    ['a scope it has not', 'POST /orders', `Bearer ${live.text}`, 'wrong-scope', 2],
    ['a token nobody has', 'GET /orders', `Bearer ${givenToken({}, 'prod', '7'.repeat(26)).text}`, 'unknown', 2],
    ['another secret', 'GET /orders', `Bearer ${givenToken().text}`, 'unknown', 2],
    ['a route in no scope', 'GET /admin', `Bearer ${live.text}`, 'route-without-scope', 0],
    ['another scheme', 'GET /orders', `Basic ${live.text}`, 'no-bearer', 0],
    ['no header', 'GET /orders', undefined, 'no-bearer', 0],
    ['rubbish', 'GET /orders', 'Bearer x', 'too-short', 0],
    ['a header without end', 'GET /orders', `Bearer ${'x'.repeat(5_000)}`, 'no-bearer', 0],
  ])('refuses %s; the reason is in the log alone, the token nowhere', async (_name, route, header, reason, reads) => {
    expect(await ask(route, header)).toEqual({ isAuthorized: false });
    expect([why(), asked.filter((line) => line !== 'keys').length]).toEqual([[reason], reads]);
    expect(said.join()).not.toContain(header?.split(' ')[1] ?? '(nothing)');
  });

  it('lets nobody in when it can’t read', async () => {
    down = true;
    await expect(ask('GET /orders', `Bearer ${live.text}`)).rejects.toThrow('DynamoDB_20120810.GetItem: 500');
    expect(asked).toHaveLength(2); // once more, and no longer
  });
});
