/** Matches no owner: a condition needs a value. */
const NOBODY = 'nobody';

/** Denies everything to the users tagged with one of these owners. What the stack makes and what the run time renders are one form. */
export const killDocument = (ownerKeys: readonly string[]) => ({
  Version: '2012-10-17',
  Statement: [
    {
      Sid: 'KilledOwners',
      Effect: 'Deny',
      Action: '*',
      Resource: '*',
      Condition: { StringEquals: { 'aws:PrincipalTag/nhi:owner': [...(ownerKeys.length ? ownerKeys : [NOBODY])].sort() } },
    },
  ],
});

/** Whom a policy in that form denies; `undefined`: it is none of ours. */
export function deniedBy(document: string): readonly string[] | undefined {
  const keys = ownersIn(document);
  return keys && JSON.stringify(killDocument(keys)) === JSON.stringify(JSON.parse(document)) ? keys : undefined;
}

function ownersIn(document: string): readonly string[] | undefined {
  try {
    const { Statement } = JSON.parse(document) as Partial<ReturnType<typeof killDocument>>;
    const denied: unknown = Statement?.[0]?.Condition?.StringEquals?.['aws:PrincipalTag/nhi:owner'];
    const keys = [denied].flat().filter((key): key is string => typeof key === 'string');
    return keys.filter((key) => key !== NOBODY);
  } catch {
    return undefined;
  }
}
