import { type Call, type Refusal, textOf } from './wire.ts';

interface List {
  readonly element: string;
  /** Element of a member that tells it from the others; absent where members are plain text. */
  readonly key?: string;
}

/** The emulator answers these whole, whatever MaxItems says. */
const LISTS: Readonly<Record<string, List>> = {
  GetAccountAuthorizationDetails: { element: 'UserDetailList', key: 'UserName' },
  ListUsers: { element: 'Users', key: 'UserName' },
  ListRoles: { element: 'Roles', key: 'RoleName' },
  ListGroups: { element: 'Groups', key: 'GroupName' },
  ListPolicies: { element: 'Policies', key: 'Arn' },
  ListAccessKeys: { element: 'AccessKeyMetadata', key: 'AccessKeyId' },
  ListInstanceProfiles: { element: 'InstanceProfiles', key: 'InstanceProfileName' },
  ListGroupsForUser: { element: 'Groups', key: 'GroupName' },
  ListAttachedUserPolicies: { element: 'AttachedPolicies', key: 'PolicyArn' },
  ListAttachedRolePolicies: { element: 'AttachedPolicies', key: 'PolicyArn' },
  ListAttachedGroupPolicies: { element: 'AttachedPolicies', key: 'PolicyArn' },
  ListUserPolicies: { element: 'PolicyNames' },
  ListRolePolicies: { element: 'PolicyNames' },
  ListGroupPolicies: { element: 'PolicyNames' },
  ListUserTags: { element: 'Tags', key: 'Key' },
  ListRoleTags: { element: 'Tags', key: 'Key' },
  ListPolicyTags: { element: 'Tags', key: 'Key' },
  GetGroup: { element: 'Users', key: 'UserName' },
};

const listOf = (call: Call): List | undefined => (call.service === 'iam' ? LISTS[call.operation] : undefined);

/** What IAM refuses about the page asked for. */
export function badPage(call: Call): Refusal | undefined {
  const asked = listOf(call) && call.form.get('MaxItems');
  if (!asked) return undefined;
  const items = Number(asked);
  if (Number.isInteger(items) && items >= 1 && items <= 1000) return undefined;
  return { status: 400, code: 'ValidationError', message: `Value '${asked}' at 'maxItems' must be between 1 and 1000` };
}

/** The page that MaxItems and Marker ask for, cut from the whole list. */
export function paged(call: Call, xml: string): string {
  const list = listOf(call);
  const found = list && new RegExp(`<${list.element}>(.*)</${list.element}>`, 's').exec(xml);
  if (!list || !found) return xml;
  const size = Number(call.form.get('MaxItems') ?? 100);
  const marker = call.form.get('Marker');
  const all = members(found[1] ?? '');
  if (!marker && all.length <= size) return xml;
  // A marker is the key of the last item given, so that a list that changes between two pages neither skips nor repeats one.
  const keyed = all.map((text) => ({ text, key: keyOf(text, list) })).sort((a, b) => (a.key < b.key ? -1 : 1));
  const after = marker ? Buffer.from(marker, 'base64url').toString() : '';
  const rest = keyed.filter(({ key }) => key > after);
  const page = rest.slice(0, size);
  const last = page.at(-1);
  const more = last !== undefined && rest.length > size;
  const end = more ? `<Marker>${Buffer.from(last.key).toString('base64url')}</Marker>` : '';
  const cut = `<${list.element}>${page.map(({ text }) => text).join('')}</${list.element}>`;
  return xml.replace(found[0], () => cut).replace('<IsTruncated>false</IsTruncated>', () => `<IsTruncated>${more}</IsTruncated>${end}`);
}

const keyOf = (member: string, { key }: List): string => (key ? textOf(member, key) : textOf(member, 'member')) ?? member;

/** The outermost `<member>…</member>` elements: a member may hold lists of its own. */
function members(xml: string): readonly string[] {
  const found: string[] = [];
  let depth = 0;
  let start = 0;
  for (const tag of xml.matchAll(/<(\/?)member>/g)) {
    if (tag[1] === '') {
      if (depth === 0) start = tag.index;
      depth += 1;
    } else {
      depth -= 1;
      if (depth === 0) found.push(xml.slice(start, tag.index + tag[0].length));
    }
  }
  return found;
}
