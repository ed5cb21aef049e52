import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Connector } from '../../../lib/application/ports.ts';
import { iamUserConnector } from '../../../lib/connectors/aws-iam-user/connector.ts';
import { isOurs } from '../../../lib/connectors/aws-iam-user/user.ts';
import type { Credential, Holder } from '../../../lib/domain/credential/state.ts';
import type { KeyId, OwnerId, OwnerKey } from '../../../lib/domain/types.ts';
import { ACCOUNT, attempt, credentialOf } from '../../contract/connector-conformance.ts';
import { settingsOf } from '../../given-work.ts';
import { type IamLine, iamLine, list, refused } from './iam-line.ts';

const BOUNDARY = 'arn:aws:iam::000000000000:policy/nhi/boundary';
const KEY = 'AKIA0000000000000001' as KeyId;
const BOB: Holder = { id: 'own_2' as OwnerId, key: 'k2' as OwnerKey, epoch: 0 };
const one = credentialOf('aws-iam-user');
const NAME = one.grant.accountName;

interface Shown {
  readonly path?: string;
  readonly credential?: string;
  readonly stack?: string;
  readonly boundary?: string;
}
const userXml = ({ path = '/nhi/', credential = one.id, stack = 'nhi', boundary = BOUNDARY }: Shown = {}): string =>
  `<User><UserName>${NAME}</UserName><Path>${path}</Path>${boundary && `<PermissionsBoundary><PermissionsBoundaryArn>${boundary}</PermissionsBoundaryArn></PermissionsBoundary>`}<Tags>` +
  `<member><Key>nhi:credential</Key><Value>${credential}</Value></member><member><Key>nhi:stack</Key><Value>${stack}</Value></member></Tags></User>`;
const keyXml = (id: string, secret: string): string =>
  `<AccessKey><UserName>${NAME}</UserName><AccessKeyId>${id}</AccessKeyId><Status>Active</Status><SecretAccessKey>${secret}</SecretAccessKey></AccessKey>`;

let line: IamLine;
let connector: Connector;
beforeEach(async () => {
  line = await iamLine(['UserName', 'AccessKeyId', 'Status', 'PolicyName']);
  const aws = settingsOf(line.endpoint);
  connector = iamUserConnector({ stack: 'nhi', account: ACCOUNT, boundaryArn: BOUNDARY, groupOf: (profile) => `nhi-${profile}`, aws });
});
afterEach(() => line.close());

describe('a credential of another kind, account or name', () => {
  it.each<readonly [string, Credential]>([
    ['kind', { ...one, grant: { ...one.grant, connector: 'api-token' } }],
    ['account', { ...one, grant: { ...one.grant, account: '999999999999' } }],
    ['name', { ...one, grant: { ...one.grant, accountName: 'somebody' } }],
  ])('is not acted on: %s', async (_what, other) => {
    const message = expect.stringContaining(`${one.id} is no credential for the IAM users of account ${ACCOUNT}`);
    await expect(connector.deny(other)).rejects.toMatchObject({ code: 'misconfigured', retryable: false, message });
    expect(line.calls).toEqual([]);
  });
});

describe('an account', () => {
  it('is made with our path, boundary and tags, in the group of its profile, without a look', async () => {
    let made = new URLSearchParams();
    line.answers = {
      CreateUser: (form) => {
        made = form;
        return userXml();
      },
    };
    await connector.ensureAccount(one);
    expect(line.calls).toEqual([`CreateUser ${NAME}`, `AddUserToGroup ${NAME}`]);
    const tags = [1, 2, 3, 4].map((n) => [made.get(`Tags.member.${n}.Key`), made.get(`Tags.member.${n}.Value`)]);
    expect([made.get('Path'), made.get('PermissionsBoundary'), tags]).toEqual([
      '/nhi/',
      BOUNDARY,
      [
        ['nhi:credential', one.id],
        ['nhi:owner', one.holder.key],
        ['nhi:profile', 'p'],
        ['nhi:stack', 'nhi'],
      ],
    ]);
  });

  const taken = { CreateUser: refused('EntityAlreadyExists') };
  it('that is there, and ours, is taken on', async () => {
    line.answers = { ...taken, GetUser: userXml() };
    await connector.ensureAccount(one);
    expect(line.calls.slice(1)).toEqual([`GetUser ${NAME}`, `AddUserToGroup ${NAME}`]);
  });

  it.each([
    ['not seen yet', refused('NoSuchEntity'), { code: 'provider-throttled', retryable: true, message: /not seen yet/ }],
    ['of another path', userXml({ path: '/' }), { code: 'foreign-account', retryable: false, message: new RegExp(NAME) }],
    ['of another credential', userXml({ credential: 'cred_2' }), { code: 'foreign-account', retryable: false, message: new RegExp(NAME) }],
    ['of another stack', userXml({ stack: 'other' }), { code: 'foreign-account', retryable: false, message: new RegExp(NAME) }],
    [
      'under another boundary',
      userXml({ boundary: 'arn:aws:iam::aws:policy/x' }),
      { code: 'provider-refused', retryable: false, message: /drift: .* has not our boundary/ },
    ],
    ['under none', userXml({ boundary: '' }), { code: 'provider-refused', retryable: false, message: /drift/ }],
  ])('that is there, and %s, is not', async (_what, GetUser, { message, ...fault }) => {
    line.answers = { ...taken, GetUser };
    await expect(connector.ensureAccount(one)).rejects.toMatchObject({ ...fault, message: expect.stringMatching(message) });
    expect(line.calls.at(-1)).toBe(`GetUser ${NAME}`);
  });

  it('without tags is nobody’s that we know', () => expect(isOurs({ Path: '/nhi/' } as never, one, '/nhi/', 'nhi')).toBe(false));

  it.each([
    ['there', userXml(), true],
    ['gone', refused('NoSuchEntity'), false],
  ] as const)('is seen as %s', async (_what, GetUser, there) => {
    line.answers = { GetUser };
    expect(await connector.accountExists(one)).toBe(there);
  });

  it('has the tag of its owner written anew', async () => {
    let tagged = new URLSearchParams();
    line.answers = {
      TagUser: (form) => {
        tagged = form;
        return '';
      },
    };
    await connector.tagOwner(one, BOB);
    expect([tagged.get('UserName'), tagged.get('Tags.member.1.Key'), tagged.get('Tags.member.1.Value')]).toEqual([NAME, 'nhi:owner', 'k2']);
  });
});

describe('a key', () => {
  it('is given with the value that its consumers find', async () => {
    line.answers = { CreateAccessKey: keyXml(KEY, 's3cret') };
    const of = attempt();
    const { keyId, body } = await connector.createVersion(one, of);
    expect([keyId, connector.keyIdOf(body), JSON.parse(body.reveal())]).toEqual([
      KEY,
      KEY,
      {
        v: 1,
        kind: 'aws-access-key',
        accessKeyId: KEY,
        secretAccessKey: 's3cret',
        accountId: ACCOUNT,
        userName: NAME,
        versionId: of,
        notAfter: null,
      },
    ]);
  });

  it.each([
    ['nothing', '<IsTruncated>false</IsTruncated>'],
    ['no id', keyXml('', 's3cret')],
    ['no secret', keyXml(KEY, '')],
  ])('answered with %s may be there all the same: asked for once', async (_what, CreateAccessKey) => {
    line.answers = { CreateAccessKey };
    const fault = { code: 'provider-unknown', retryable: true, message: expect.stringContaining('an answer without a key') };
    await expect(connector.createVersion(one, attempt())).rejects.toMatchObject(fault);
    expect(line.calls).toHaveLength(1);
  });

  it('beyond the quota is asked for once', async () => {
    line.answers = { CreateAccessKey: refused('LimitExceeded') };
    await expect(connector.createVersion(one, attempt())).rejects.toMatchObject({ code: 'key-quota' });
    expect(line.calls).toHaveLength(1);
  });

  it.each<readonly [string, () => Promise<unknown>, string]>([
    ['disabled', () => connector.disableVersion(one, KEY), `UpdateAccessKey ${NAME} ${KEY} Inactive`],
    ['enabled', () => connector.enableVersion(one, KEY), `UpdateAccessKey ${NAME} ${KEY} Active`],
    ['deleted', () => connector.deleteVersion(one, KEY), `DeleteAccessKey ${NAME} ${KEY}`],
  ])('is %s by one call', async (_what, act, call) => {
    await act();
    expect(line.calls).toEqual([call]);
  });

  it('was used when IAM says so', async () => {
    const used = (date: string) => `<AccessKeyLastUsed>${date}<ServiceName>s3</ServiceName><Region>x</Region></AccessKeyLastUsed>`;
    line.answers = { GetAccessKeyLastUsed: used('<LastUsedDate>2026-01-01T00:00:00Z</LastUsedDate>') };
    expect(await connector.lastUsed(one, KEY)).toBe(Date.parse('2026-01-01T00:00:00Z'));
    line.answers = { GetAccessKeyLastUsed: used('') };
    expect(await connector.lastUsed(one, KEY)).toBeUndefined();
    line.answers = {};
    expect(await connector.lastUsed(one, KEY)).toBeUndefined();
  });

  it('is listed, from all pages', async () => {
    const page = (id: string) => `<AccessKeyId>${id}</AccessKeyId>`;
    line.answers = {
      ListAccessKeys: (form) =>
        form.get('Marker') === 'm'
          ? list('AccessKeyMetadata', [page('B')])
          : list('AccessKeyMetadata', [page('A')], '<IsTruncated>true</IsTruncated><Marker>m</Marker>'),
    };
    expect(await connector.listVersions(one)).toEqual(['A', 'B']);
  });
});

describe('what may be gone', () => {
  const acts: readonly (readonly [string, string, () => Promise<unknown>, unknown])[] = [
    ['a listing', 'ListAccessKeys', () => connector.listVersions(one), []],
    ['a use', 'GetAccessKeyLastUsed', () => connector.lastUsed(one, KEY), undefined],
    ['a disabling', 'UpdateAccessKey', () => connector.disableVersion(one, KEY), undefined],
    ['an enabling', 'UpdateAccessKey', () => connector.enableVersion(one, KEY), false],
    ['a deletion', 'DeleteAccessKey', () => connector.deleteVersion(one, KEY), undefined],
    ['a deny', 'PutUserPolicy', () => connector.deny(one), undefined],
    ['a lift', 'DeleteUserPolicy', () => connector.lift(one), undefined],
  ];
  it.each(acts)('%s of it is success', async (_what, operation, act, expected) => {
    line.answers = { [operation]: refused('NoSuchEntity') };
    expect(await act()).toEqual(expected);
    expect(line.calls).toHaveLength(1);
  });

  it.each(acts)('%s that is denied to us is, where there is no user to carry our tag', async (_what, operation, act, expected) => {
    line.answers = { [operation]: refused('AccessDenied'), GetUser: refused('NoSuchEntity') };
    expect(await act()).toEqual(expected);
    expect(line.calls.at(-1)).toBe(`GetUser ${NAME}`);
  });

  it.each(acts)('%s that is denied to us is none, where there is one', async (_what, operation, act) => {
    line.answers = { [operation]: refused('AccessDenied'), GetUser: userXml() };
    await expect(act()).rejects.toMatchObject({ code: 'provider-refused', message: expect.stringContaining(`${operation}: AccessDenied`) });
  });
});

describe('the end of a user', () => {
  it('that is gone is its end, and nothing is asked of it', async () => {
    line.answers = { GetUser: refused('NoSuchEntity') };
    expect(await connector.removeAccount(one)).toBe(true);
    expect(line.calls).toHaveLength(1);
  });

  it('of somebody else is not ours to make', async () => {
    line.answers = { GetUser: userXml({ stack: 'other' }) };
    await expect(connector.removeAccount(one)).rejects.toMatchObject({
      code: 'foreign-account',
      retryable: false,
      message: expect.stringContaining(NAME),
    });
    expect(line.calls).toHaveLength(1);
  });

  const policies = list('PolicyNames', ['nhi-deny', 'theirs']);
  it('takes away what hangs on it, its deny last of all', async () => {
    line.answers = { GetUser: userXml(), ListUserPolicies: policies };
    expect(await connector.removeAccount(one)).toBe(true);
    expect(line.calls.filter((call) => call.startsWith('DeleteUser'))).toEqual([
      `DeleteUserPolicy ${NAME} theirs`,
      `DeleteUserPolicy ${NAME} nhi-deny`,
      `DeleteUser ${NAME}`,
    ]);
    expect(line.calls.at(-1)).toBe(`DeleteUser ${NAME}`);
  });

  it.each(['DeleteUserPolicy', 'DeleteUser'])('is its end, though %s says that it is gone', async (operation) => {
    line.answers = { GetUser: userXml(), [operation]: refused('NoSuchEntity') };
    expect(await connector.removeAccount(one)).toBe(true);
  });

  it('that something new hangs on is denied again', async () => {
    line.answers = { GetUser: userXml(), DeleteUser: refused('DeleteConflict') };
    expect(await connector.removeAccount(one)).toBe(false);
    expect(line.calls.slice(-2)).toEqual([`DeleteUser ${NAME}`, `PutUserPolicy ${NAME} nhi-deny`]);
  });

  it.each([
    ['is denied again', ''],
    ['though that fails as well', refused('Throttling')],
  ])('that IAM does not carry out %s; the first refusal is told', async (_what, PutUserPolicy) => {
    line.answers = { GetUser: userXml(), DeleteUser: refused('ServiceFailure'), PutUserPolicy };
    await expect(connector.removeAccount(one)).rejects.toMatchObject({ message: expect.stringContaining('DeleteUser: ServiceFailure') });
    expect(line.calls).toContain(`PutUserPolicy ${NAME} nhi-deny`);
  });
});
