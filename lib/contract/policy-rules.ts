import { closest } from './closest.ts';
import type { PolicyFileContent } from './policy-schema.ts';
import { valueAt } from './told-value.ts';

export type Path = readonly PropertyKey[];
export interface RuleFinding {
  readonly path: Path;
  readonly rule: string;
}

/** What is right field by field and yet wrong together. `written`: the file as it stands there, without defaults. */
export function contradictions(policy: PolicyFileContent, written: unknown): readonly RuleFinding[] {
  const { accountable, sources, profiles, callers, steward } = policy;
  const unknownSource = (path: Path, ref: string): readonly RuleFinding[] => {
    const colon = ref.indexOf(':');
    const source = ref.slice(0, colon);
    if (colon < 0 || Object.hasOwn(sources, source) || source.includes('{')) return [];
    const meant = closest(source, Object.keys(sources));
    return [{ path, rule: `names the source ${source}, which is not under sources${meant ? `; did you mean ${meant}?` : ''}` }];
  };
  return [
    ...unknownSource(['accountable', 'policy'], accountable.policy),
    ...(steward === undefined ? [] : unknownSource(['steward'], steward)),
    ...successionRules(policy, written),
    ...nobodyMay(policy),
    ...Object.entries(sources).flatMap(([name, { accountable: ref, principals, feed }]) => [
      ...unknownSource(['sources', name, 'accountable'], ref),
      ...(feed && valueAt(written, ['sources', name, 'maxSequenceJump']) !== undefined
        ? [
            {
              path: ['sources', name, 'maxSequenceJump'],
              rule: 'is of sources without a feed: the facts of a feed are numbered by the minute of their snapshot, and none may be from the future',
            },
          ]
        : []),
      ...(principals.includes('self') && principals.length > 1
        ? [
            {
              path: ['sources', name, 'principals'],
              rule: 'self leaves the source to the account’s own policies, so nobody can stand beside it',
            },
          ]
        : []),
    ]),
    ...Object.entries(profiles).flatMap(([name, profile]) => [
      ...unknownSource(['profiles', name, 'accountable'], profile.accountable),
      ...outOfOrder(['profiles', name], profile),
      ...ofOtherKind(['profiles', name], profile),
      ...handedToNobody(['profiles', name], profile, policy),
    ]),
    ...callers.flatMap(({ match, owner, for: others }, index) => {
      const kept = new Set([...match.arn.matchAll(/\{(\w+)\}/g)].map(([, group]) => group));
      const missing = [...owner.matchAll(/\{(\w+)\}/g)].flatMap(([, group]) => (kept.has(group) ? [] : [group]));
      return [
        ...missing.map((group) => ({ path: ['callers', index, 'owner'], rule: `uses {${group}}, which match.arn does not keep` })),
        ...unknownSource(['callers', index, 'owner'], owner),
        ...others.flatMap((ref, at) => unknownSource(['callers', index, 'for', at], ref)),
      ];
    }),
  ];
}

/** In a token, between two `_`. */
const TOKEN_ENVIRONMENT = /^[a-z][a-z0-9]{0,15}$/;

/** What a profile of that kind of connector must have, and must not. */
function ofOtherKind(path: Path, profile: PolicyFileContent['profiles'][string]): readonly RuleFinding[] {
  const { connector, grants, scopes, environments, mayAssume, delivery, onLeave, onMove } = profile;
  const of = (holds: boolean, steps: Path, rule: string): readonly RuleFinding[] => (holds ? [{ path: [...path, ...steps], rule }] : []);
  if (connector === 'aws-iam-user')
    return [
      ...of(!grants.length, ['grants'], 'must name what the keys may do: a policy ARN or a .json file'),
      ...of(scopes.length > 0, ['scopes'], 'are of API tokens; what access keys may do stands under grants'),
      ...of(delivery === 'once', ['delivery'], 'of access keys is secret: only API tokens are shown once'),
    ];
  const unseen = 'can’t be transfer where tokens are shown once: nobody would see the new one';
  const environmentRule = 'of API tokens must be 1 to 16 lower-case letters and digits, since it stands in the token';
  return [
    ...of(!scopes.length, ['scopes'], 'must name what the tokens may be used for, e.g. orders:read'),
    ...of(mayAssume.length > 0, ['mayAssume'], 'is of IAM users: a token assumes no role'),
    ...of(grants.length > 0, ['grants'], 'are of IAM users; what API tokens may do stands under scopes'),
    ...of(delivery === 'once' && onLeave.action === 'transfer', ['onLeave', 'action'], unseen),
    ...of(delivery === 'once' && onMove === 'transfer', ['onMove'], unseen),
    ...environments.flatMap((name, at) => of(!TOKEN_ENVIRONMENT.test(name), ['environments', at], environmentRule)),
  ];
}

/** A rotation that begins before the last one has ended finds no free slot. */
function outOfOrder(path: Path, profile: PolicyFileContent['profiles'][string]): readonly RuleFinding[] {
  const { rotateEvery, overlap, hardLimit, regret } = profile;
  if (hardLimit < overlap) return [{ path: [...path, 'hardLimit'], rule: 'must be at least overlap' }];
  const ends = rotateEvery > overlap + hardLimit + regret;
  return ends ? [] : [{ path: [...path, 'rotateEvery'], rule: 'must be more than overlap, hardLimit and regret together' }];
}

/** Rungs that somebody wrote down and that can hold nobody; the default leaves them out where there is none. */
function successionRules({ succession, steward, sources }: PolicyFileContent, written: unknown): readonly RuleFinding[] {
  if (valueAt(written, ['succession']) === undefined) return [];
  return succession.flatMap((rung, at): readonly RuleFinding[] => {
    const path = ['succession', at];
    if (succession.indexOf(rung) < at) return [{ path, rule: 'stands there twice' }];
    if (rung === 'steward' && steward === undefined) return [{ path, rule: 'needs a steward: <source>:<external id>' }];
    if (rung === 'team' && !Object.hasOwn(sources, 'team')) return [{ path, rule: 'needs a source called team, which tells of teams' }];
    return [];
  });
}

function handedToNobody(path: Path, { onLeave, onMove }: PolicyFileContent['profiles'][string], policy: PolicyFileContent) {
  const { succession, callers } = policy;
  const rule = 'transfer needs a succession: who is asked to take it over';
  const approver = callers.some(({ may }) => may.includes('approve'));
  return [
    ...(onLeave.action === 'transfer' && succession.length === 0 ? [{ path: [...path, 'onLeave'], rule }] : []),
    ...(onMove === 'transfer' && succession.length === 0 ? [{ path: [...path, 'onMove'], rule }] : []),
    ...(onMove === 'reapprove' && !approver
      ? [
          {
            path: [...path, 'onMove'],
            rule: 'reapprove needs somebody who may approve, or every mover’s credential ends: a rule under callers',
          },
        ]
      : []),
  ];
}

/** What the guard holds waits for somebody; there must be one. */
function nobodyMay({ mode, sources, callers }: PolicyFileContent): readonly RuleFinding[] {
  const enforces = mode === 'enforce' && Object.values(sources).some((source) => source.mode !== 'observe');
  if (!enforces || callers.some(({ may }) => may.includes('steward'))) return [];
  return [
    { path: ['mode'], rule: 'enforce needs somebody under callers with the right steward, or nobody could release what the guard holds' },
  ];
}
