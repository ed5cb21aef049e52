/** Matches no owner: a condition needs a value. */
const NOBODY = 'nobody';

/** What else carries the tag `nhi:owner` is no user of ours; what carries a credential's id as source identity was assumed with its key. */
const OWNER = 'aws:PrincipalTag/nhi:owner';
const SOURCE = 'aws:SourceIdentity';
const BEGUN = 'aws:TokenIssueTime';

type Condition = Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
interface Statement {
  readonly Effect: 'Deny';
  readonly Action: '*';
  readonly Resource: '*';
  readonly Condition: Condition;
}

const deny = (Condition: Condition): Statement => ({ Effect: 'Deny', Action: '*', Resource: '*', Condition });

/**
 * Denies everything to the users of these owners, and to the sessions of roles assumed with these credentials: an owner key, `cred_…`, or
 * `cred_…@<ISO time>` for the sessions begun before. What the stack makes and what the run time renders are one form.
 */
export function killDocument(keys: readonly string[]) {
  const sorted = [...keys].sort();
  const owners = sorted.filter((key) => !key.startsWith('cred_'));
  const ended = sorted.filter((key) => key.startsWith('cred_') && !key.includes('@'));
  const replaced = sorted.flatMap((key) => {
    const [id = '', before] = key.split('@');
    return before === undefined ? [] : [deny({ StringEquals: { [SOURCE]: [id] }, DateLessThan: { [BEGUN]: [before] } })];
  });
  return {
    Version: '2012-10-17',
    Statement: [
      deny({ StringEquals: { [OWNER]: owners.length ? owners : [NOBODY] } }),
      ...(ended.length ? [deny({ StringEquals: { [SOURCE]: ended } })] : []),
      ...replaced,
    ],
  };
}

/** Whom a policy in that form denies; `undefined`: it is none of ours. */
export function deniedBy(document: string): readonly string[] | undefined {
  const keys = keysIn(document);
  return keys && JSON.stringify(killDocument(keys)) === JSON.stringify(JSON.parse(document)) ? keys : undefined;
}

function keysIn(document: string): readonly string[] | undefined {
  try {
    const { Statement = [] } = JSON.parse(document) as { readonly Statement?: readonly Statement[] };
    return Statement.flatMap(({ Condition: { StringEquals = {}, DateLessThan = {} } }) => {
      const before = DateLessThan[BEGUN]?.[0];
      const sessions = (StringEquals[SOURCE] ?? []).map((id) => (before === undefined ? id : `${id}@${before}`));
      return [...(StringEquals[OWNER] ?? []).filter((key) => key !== NOBODY), ...sessions];
    });
  } catch {
    return undefined;
  }
}
