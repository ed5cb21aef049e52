import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';

export const ACCOUNT = '000000000000';

/**
 * How a call may go wrong. `drop-before`, `drop-after`: the connection closes, without the effect or with it. The others answer, and tell
 * in their answer whatever they know, request and result: `throttle` and `refuse` without the effect, `fail` and `garble` (an answer that
 * does not parse) with it.
 */
export const MISHAPS = ['drop-before', 'drop-after', 'throttle', 'refuse', 'fail', 'garble'] as const;
export type Mishap = (typeof MISHAPS)[number];

export interface FakeAwsSettings {
  readonly lastUsedOf?: (keyId: string) => Date | undefined;
  /** The secret of the nth key, from 1. */
  readonly secretOf?: (n: number) => string;
  /** What becomes of the nth call of an operation, from 1. */
  readonly mishap?: (operation: string, n: number) => Mishap | undefined;
}

/** What was asked, in order, and whether any key still works. */
export interface FakeAws {
  readonly endpoint: string;
  readonly calls: string[];
  accessGone(): boolean;
  close(): Promise<void>;
}

interface User {
  readonly tags: string;
  denied: boolean;
}
interface Key {
  readonly user: string;
  active: boolean;
}
interface Stored {
  readonly tags: unknown;
  readonly versions: Map<string, string>;
  current: string;
  deleted: boolean;
}
/** The code of a refusal. */
class Refusal extends Error {}

/**
 * As much of IAM, Secrets Manager and STS as the life of a credential needs, over HTTP: the real connectors with the real SDK speak to it,
 * and each request is counted as it comes in. How AWS refuses what is wrong is the contract suite's, not this one's.
 */
export async function fakeAws({ lastUsedOf, secretOf = () => 's'.repeat(40), mishap }: FakeAwsSettings = {}): Promise<FakeAws> {
  const calls: string[] = [];
  const users = new Map<string, User>();
  const keys = new Map<string, Key>();
  const stored = new Map<string, Stored>();
  let made = 0;

  const iam = (action: string, form: URLSearchParams, caller: string): string => {
    const name = form.get('UserName') ?? '';
    const keyId = form.get('AccessKeyId') ?? '';
    const key = keys.get(keyId);
    const user = users.get(name);
    switch (action) {
      case 'CreateUser':
        if (user) throw new Refusal('EntityAlreadyExists');
        users.set(name, { tags: membersOf(form, 'Tags'), denied: false });
        return '';
      case 'GetUser':
        if (!user) throw new Refusal('NoSuchEntity');
        return `<User><UserName>${name}</UserName><Path>/nhi/</Path><Tags>${user.tags}</Tags><PermissionsBoundary><PermissionsBoundaryArn>arn:b</PermissionsBoundaryArn></PermissionsBoundary></User>`;
      case 'DeleteUser':
        users.delete(name);
        return '';
      case 'PutUserPolicy':
      case 'DeleteUserPolicy':
        if (!user) throw new Refusal('NoSuchEntity');
        user.denied = action === 'PutUserPolicy';
        return '';
      case 'CreateAccessKey': {
        made += 1;
        const id = `AKIA${String(made).padStart(16, '0')}`;
        keys.set(id, { user: name, active: true });
        return `<AccessKey><UserName>${name}</UserName><AccessKeyId>${id}</AccessKeyId><Status>Active</Status><SecretAccessKey>${secretOf(made)}</SecretAccessKey></AccessKey>`;
      }
      case 'UpdateAccessKey':
        if (!key) throw new Refusal('NoSuchEntity');
        key.active = form.get('Status') === 'Active';
        return '';
      case 'DeleteAccessKey':
        keys.delete(keyId);
        return '';
      case 'GetAccessKeyLastUsed': {
        const used = lastUsedOf?.(keyId)?.toISOString();
        return `<AccessKeyLastUsed>${used ? `<LastUsedDate>${used}</LastUsedDate>` : ''}<ServiceName>sqs</ServiceName><Region>us-east-1</Region></AccessKeyLastUsed>`;
      }
      case 'ListAccessKeys': {
        const own = [...keys].filter(([, { user: of }]) => of === name);
        return `<AccessKeyMetadata>${own.map(([id]) => `<member><AccessKeyId>${id}</AccessKeyId></member>`).join('')}</AccessKeyMetadata>`;
      }
      case 'ListPolicyVersions': {
        const version = (id: string, inForce: boolean) =>
          `<member><VersionId>${id}</VersionId><IsDefaultVersion>${inForce}</IsDefaultVersion></member>`;
        return `<IsTruncated>false</IsTruncated><Versions>${version('v2', true)}${version('v1', false)}</Versions>`;
      }
      case 'GetCallerIdentity':
        return `<Account>${ACCOUNT}</Account><UserId>x</UserId><Arn>arn:aws:iam::${ACCOUNT}:user/nhi/${keys.get(caller)?.user ?? ''}</Arn>`;
      default:
        return '<IsTruncated>false</IsTruncated>';
    }
  };

  const secrets = (operation: string, input: Readonly<Record<string, string>>): object => {
    const { Name = '', SecretId = Name, ClientRequestToken = '', SecretString = '', VersionId = '', MoveToVersionId = '' } = input;
    const secret = stored.get(SecretId);
    if (operation === 'CreateSecret') {
      if (secret) throw new Refusal('ResourceExistsException');
      stored.set(SecretId, { tags: input['Tags'], versions: new Map(), current: '', deleted: false });
      return {};
    }
    if (!secret) throw new Refusal('ResourceNotFoundException');
    switch (operation) {
      case 'PutSecretValue':
        secret.versions.set(ClientRequestToken, SecretString);
        secret.current ||= ClientRequestToken; // the first version of a secret gets AWSCURRENT by itself
        return {};
      case 'GetSecretValue':
        if (!secret.versions.has(VersionId)) throw new Refusal('ResourceNotFoundException');
        return { SecretString: secret.versions.get(VersionId) };
      case 'UpdateSecretVersionStage':
        if (MoveToVersionId) secret.current = MoveToVersionId;
        return {};
      case 'DeleteSecret':
        secret.deleted = true;
        return {};
      case 'DescribeSecret':
        return {
          ...{ Name: SecretId, Tags: secret.tags, VersionIdsToStages: { [secret.current]: ['AWSCURRENT'] } },
          ...(secret.deleted && { DeletedDate: 1_700_000_000 }),
        };
      default:
        return {};
    }
  };

  const server = createServer(async (incoming, outgoing) => {
    const body = await textOf(incoming);
    const target = String(incoming.headers['x-amz-target'] ?? '');
    const json = target !== '';
    const form = new URLSearchParams(json ? '' : body);
    const action = json ? target.slice(target.indexOf('.') + 1) : (form.get('Action') ?? '');
    const caller = /Credential=(\w+)\//.exec(incoming.headers.authorization ?? '')?.[1] ?? '';
    calls.push(action);
    const goesWrong = mishap?.(action, calls.filter((call) => call === action).length);
    const refuse = (status: number, code: string, message: string) =>
      outgoing
        .writeHead(status, { 'content-type': json ? 'application/x-amz-json-1.1' : 'text/xml' })
        .end(
          json
            ? JSON.stringify({ __type: code, message })
            : `<ErrorResponse><Error><Code>${code}</Code><Message>${message}</Message></Error></ErrorResponse>`,
        );
    if (goesWrong === 'drop-before') return incoming.socket.destroy();
    if (goesWrong === 'throttle') return refuse(400, json ? 'ThrottlingException' : 'Throttling', body);
    if (goesWrong === 'refuse') return refuse(403, json ? 'AccessDeniedException' : 'AccessDenied', body);
    try {
      const answer = json
        ? JSON.stringify(secrets(action, JSON.parse(body)))
        : `<${action}Response><${action}Result>${iam(action, form, caller)}</${action}Result></${action}Response>`;
      if (goesWrong === 'drop-after') return incoming.socket.destroy();
      if (goesWrong === 'fail') return refuse(500, 'InternalFailure', `${body} ${answer}`);
      return outgoing
        .writeHead(200, { 'content-type': json ? 'application/x-amz-json-1.1' : 'text/xml' })
        .end(goesWrong === 'garble' ? `{<${answer.slice(0, -12)}` : answer);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return refuse(json ? 400 : 404, error.message, 'x');
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return {
    endpoint: `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`,
    calls,
    accessGone: () => [...keys.values()].every(({ user, active }) => !active && (users.get(user)?.denied ?? true)),
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

async function textOf(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

/** `Tags.member.1.Key=…` as the XML in which it is given back. */
function membersOf(form: URLSearchParams, list: string): string {
  const at = (n: number, part: string) => form.get(`${list}.member.${n}.${part}`);
  let xml = '';
  for (let n = 1; at(n, 'Key'); n += 1) xml += `<member><Key>${at(n, 'Key')}</Key><Value>${at(n, 'Value')}</Value></member>`;
  return xml;
}
