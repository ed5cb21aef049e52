import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sqsWake } from '../../../lib/adapters/aws/sqs-wake.ts';
import { parseKeyBody } from '../../../lib/connectors/aws-iam-user/key-body.ts';
import { isUsable } from '../../../lib/connectors/aws-iam-user/verify.ts';
import { Secret } from '../../../lib/domain/faults.ts';
import type { CredentialId } from '../../../lib/domain/types.ts';

type Answer = (request: IncomingMessage, response: ServerResponse, body: string) => void;

/** AWS, as far as one answer goes. */
let server: Server;
let endpoint: string;
let answers: Answer[];
let asked: { readonly target: string | undefined; readonly body: string }[];

beforeEach(async () => {
  answers = [];
  asked = [];
  server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const target = request.headers['x-amz-target'];
    asked.push({ target: Array.isArray(target) ? target[0] : target, body });
    (answers.shift() ?? ((_, end) => end.writeHead(500).end()))(request, response, body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  endpoint = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

const says =
  (status: number, body: string): Answer =>
  (_request, response) =>
    response.writeHead(status).end(body);
const hangsUp: Answer = (request) => request.socket.destroy();

describe('the verification of a key', () => {
  const body = parseKeyBody(
    new Secret(
      JSON.stringify({
        ...{ v: 1, kind: 'aws-access-key', accessKeyId: 'AKIA1', secretAccessKey: 'not-told' },
        ...{ accountId: '000000000000', userName: 'nhi-cred_1', versionId: 'v' },
      }),
    ),
  );
  const verify = () => isUsable(body, '000000000000', '/nhi/', { endpoint, region: 'us-east-1', timeoutMs: 200 });
  const identity = (arn: string, account = '000000000000') =>
    `<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>${arn}</Arn><UserId>A</UserId><Account>${account}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`;
  const refusal = (code: string) => `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code></Error></ErrorResponse>`;
  const OURS = 'arn:aws:iam::000000000000:user/nhi/nhi-cred_1';

  it('holds where STS names the user the value is of, and sends the key’s own signature once', async () => {
    answers = [(request, response) => response.end(identity(/Credential=AKIA1\//.test(request.headers.authorization ?? '') ? OURS : 'x'))];
    await expect(verify()).resolves.toBe(true);
    expect(asked).toEqual([{ target: undefined, body: 'Action=GetCallerIdentity&Version=2011-06-15' }]);
  });

  it.each(['InvalidClientTokenId', 'UnrecognizedClientException', 'SignatureDoesNotMatch'])('does not hold yet: %s', async (code) => {
    answers = [says(403, refusal(code))];
    await expect(verify()).resolves.toBe(false);
  });

  it.each<readonly [string, Answer, string]>([
    ['another user', says(200, identity('arn:aws:iam::000000000000:user/nhi/nhi-cred_2')), 'provider-refused'],
    ['the same name on another path', says(200, identity('arn:aws:iam::000000000000:user/nhi-cred_1')), 'provider-refused'],
    ['another account', says(200, identity(OURS, '111111111111')), 'provider-refused'],
    ['an answer that is none', says(200, '<html/>'), 'provider-unknown'],
    ['an end of the connection', hangsUp, 'provider-unknown'],
    ['silence', () => undefined, 'provider-unknown'],
    ['a failure', says(500, refusal('InternalFailure')), 'provider-unknown'],
    ['a refusal without a code', says(400, 'no'), 'provider-unknown'],
    ['too many requests', says(400, refusal('Throttling')), 'provider-throttled'],
    ['a policy on the way', says(403, refusal('AccessDenied')), 'provider-refused'],
  ])('is a fault, and no word of the key in it: %s', async (_name, answer, code) => {
    answers = [answer];
    const fault: unknown = await verify().catch((error: unknown) => error);
    expect(fault).toMatchObject({ code });
    expect(fault).not.toHaveProperty('cause');
    expect(String(fault)).not.toContain('not-told');
    expect(asked).toHaveLength(1);
  });
});

describe('a queue', () => {
  const item = { queue: 'owner', id: 'own_1' as unknown as CredentialId } as const;
  let before: NodeJS.ProcessEnv;
  beforeEach(() => {
    before = process.env;
    process.env = { ...before, AWS_ENDPOINT_URL: endpoint, AWS_REGION: 'us-east-1', AWS_ACCESS_KEY_ID: 'A', AWS_SECRET_ACCESS_KEY: 'S' };
  });
  afterEach(() => {
    process.env = before;
  });
  const wake = () =>
    sqsWake({
      'api-token': 'https://t',
      'deny-list': 'https://sqs.eu-west-1.amazonaws.com/1/deny-list',
      feed: 'https://f',
      owner: 'https://sqs.us-east-1.amazonaws.com/1/owner',
      'aws-iam-user': 'https://sqs.us-east-1.amazonaws.com/1/work',
    });

  it.each([
    [0, 0],
    [1_001, 2],
    [-5, 0],
    [10_000_000, 900],
  ])('gets a message %i ms late as a delay of %i s', async (delayMs, DelaySeconds) => {
    answers = [says(200, '{}')];
    await wake().send(item, delayMs);
    expect(asked).toMatchObject([{ target: 'AmazonSQS.SendMessage' }]);
    expect(JSON.parse(asked[0]?.body ?? '')).toEqual({
      ...{ QueueUrl: 'https://sqs.us-east-1.amazonaws.com/1/owner', MessageBody: '{"id":"own_1"}', DelaySeconds },
      MessageGroupId: 'at-leisure',
    });
  });

  it('is given a deny in no group, so that a backlog of anything else does not hold it up', async () => {
    answers = [says(200, '{}')];
    await wake().send({ ...item, denies: true }, 0);
    expect(JSON.parse(asked[0]?.body ?? '')).not.toHaveProperty('MessageGroupId');
  });

  it('is asked again where there was no answer, three times in all', async () => {
    answers = [hangsUp, says(500, '{}'), says(200, '{"Attributes":{"ApproximateNumberOfMessages":"7"}}')];
    await expect(wake().depth('owner')).resolves.toBe(7);
    await expect(wake().send(item, 0)).rejects.toMatchObject({ code: 'provider-unknown' });
    expect(asked).toHaveLength(6);
  });

  it('is not asked again after a refusal', async () => {
    answers = [says(400, '{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"gone"}')];
    await expect(wake().send(item, 0)).rejects.toMatchObject({
      code: 'provider-refused',
      message: 'provider-refused: SendMessage: QueueDoesNotExist',
    });
    expect(asked).toHaveLength(1);
  });
});
