import { once } from 'node:events';
import { createServer } from 'node:http';

export const ACCOUNT = '000000000000';

interface Key {
  readonly user: string;
  active: boolean;
}

/** What was asked, in order, and whether any key still works. */
export interface FakeAws {
  readonly endpoint: string;
  readonly calls: string[];
  accessGone(): boolean;
  close(): Promise<void>;
}

/**
 * As much of IAM, Secrets Manager and STS as the straight road needs, over HTTP: the real connectors with the real SDK speak to it, and
 * each request is counted as it comes in. It checks nothing; how AWS refuses is the contract suite's.
 */
export async function fakeAws(lastUsedOf: (keyId: string) => Date | undefined): Promise<FakeAws> {
  const calls: string[] = [];
  const keys = new Map<string, Key>();
  const denied = new Set<string>();
  const versions = new Map<string, string>();
  const current = new Map<string, string>();
  let made = 0;

  const iam = (action: string, form: URLSearchParams, caller: string): string => {
    const user = form.get('UserName') ?? '';
    const keyId = form.get('AccessKeyId') ?? '';
    const key = keys.get(keyId);
    switch (action) {
      case 'CreateAccessKey': {
        made += 1;
        const id = `AKIA${String(made).padStart(16, '0')}`;
        keys.set(id, { user, active: true });
        return `<AccessKey><UserName>${user}</UserName><AccessKeyId>${id}</AccessKeyId><Status>Active</Status><SecretAccessKey>${'s'.repeat(40)}</SecretAccessKey></AccessKey>`;
      }
      case 'UpdateAccessKey':
        if (key) key.active = form.get('Status') === 'Active';
        return '';
      case 'DeleteAccessKey':
        keys.delete(keyId);
        return '';
      case 'PutUserPolicy':
        denied.add(user);
        return '';
      case 'GetAccessKeyLastUsed': {
        const used = lastUsedOf(keyId)?.toISOString();
        return `<AccessKeyLastUsed>${used ? `<LastUsedDate>${used}</LastUsedDate>` : ''}<ServiceName>sqs</ServiceName><Region>us-east-1</Region></AccessKeyLastUsed>`;
      }
      case 'ListAccessKeys':
        return `<IsTruncated>false</IsTruncated><AccessKeyMetadata>${[...keys].map(([id, { user: of }]) => (of === user ? `<member><AccessKeyId>${id}</AccessKeyId></member>` : '')).join('')}</AccessKeyMetadata>`;
      case 'GetCallerIdentity': {
        const name = keys.get(caller)?.user ?? '';
        return `<Account>${ACCOUNT}</Account><UserId>x</UserId><Arn>arn:aws:iam::${ACCOUNT}:user/nhi/${name}</Arn>`;
      }
      default:
        return '';
    }
  };

  const secrets = (operation: string, input: Readonly<Record<string, string>>): object => {
    const { SecretId = '', ClientRequestToken = '', SecretString = '', VersionId = '', MoveToVersionId = '' } = input;
    switch (operation) {
      case 'PutSecretValue':
        versions.set(ClientRequestToken, SecretString);
        if (!current.has(SecretId)) current.set(SecretId, ClientRequestToken); // the first version of a secret gets AWSCURRENT by itself
        return {};
      case 'GetSecretValue':
        return { SecretString: versions.get(VersionId) };
      case 'UpdateSecretVersionStage':
        current.set(SecretId, MoveToVersionId);
        return {};
      case 'DescribeSecret':
        return { Name: SecretId, VersionIdsToStages: { [current.get(SecretId) ?? '']: ['AWSCURRENT'] } };
      default:
        return {};
    }
  };

  const server = createServer(async (incoming, outgoing) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString();
    const target = incoming.headers['x-amz-target'];
    const caller = /Credential=(\w+)\//.exec(incoming.headers.authorization ?? '')?.[1] ?? '';
    if (typeof target === 'string') {
      const operation = target.slice(target.indexOf('.') + 1);
      calls.push(operation);
      outgoing.setHeader('content-type', 'application/x-amz-json-1.1');
      outgoing.end(JSON.stringify(secrets(operation, JSON.parse(body))));
      return;
    }
    const form = new URLSearchParams(body);
    const action = form.get('Action') ?? '';
    calls.push(action);
    outgoing.setHeader('content-type', 'text/xml');
    outgoing.end(`<${action}Response><${action}Result>${iam(action, form, caller)}</${action}Result></${action}Response>`);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    calls,
    accessGone: () => [...keys.values()].every(({ user, active }) => !active && denied.has(user)),
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
