import { LineCounter, parseDocument } from 'yaml';
import type * as z from 'zod';
import type { Policy } from '../domain/policy.ts';
import { closest } from './closest.ts';
import { locate } from './locate.ts';
import { PolicyFile, type PolicyFileContent, policyOf } from './policy-schema.ts';
import { shown, valueAt } from './told-value.ts';

/** What is wrong with a policy file, and where; line and column count from 1. */
export interface PolicyProblem {
  readonly line: number;
  readonly column: number;
  /** e.g. `profiles.ci-deploy.grants.0` */
  readonly field: string;
  readonly value: string;
  readonly rule: string;
}

export type ParsedPolicy =
  | { readonly ok: true; readonly policy: Policy }
  | { readonly ok: false; readonly problems: readonly PolicyProblem[] };

type Path = readonly PropertyKey[];
interface Finding {
  readonly path: Path;
  readonly rule: string;
  /** What the misspelt key at `path` was meant to be, and which is therefore not missing. */
  readonly meant?: Path;
}

/** Reads `nhi.policy.yaml` and tells everything that is wrong with it at once. */
export function parsePolicyFile(text: string): ParsedPolicy {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true });
  const [broken] = document.errors;
  if (broken) {
    const { line, col } = lines.linePos(broken.pos[0]);
    return {
      ok: false,
      problems: [{ line, column: col, field: '(file)', value: '', rule: `is no YAML: ${broken.message.split('\n')[0]}` }],
    };
  }
  const content: unknown = document.toJS({ maxAliasCount: 0 });
  const parsed = PolicyFile.safeParse(content);
  const findings = parsed.success ? contradictions(parsed.data) : parsed.error.issues.flatMap(findingsOf);
  if (parsed.success && findings.length === 0) return { ok: true, policy: policyOf(parsed.data) };
  const meant = new Set(findings.flatMap((finding) => finding.meant?.join('.') ?? []));
  const told = findings.filter(({ path }) => !(meant.has(path.join('.')) && valueAt(content, path) === undefined));
  const problems = told.map(({ path, rule }): PolicyProblem => {
    const { line, col } = lines.linePos(locate(document, path));
    return { line, column: col, field: path.map(String).join('.') || '(file)', value: shown(valueAt(content, path)), rule };
  });
  return { ok: false, problems: problems.sort((a, b) => a.line - b.line || a.column - b.column) };
}

function findingsOf(issue: z.core.$ZodIssue): readonly Finding[] {
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => {
        const meant = closest(key, knownKeysAt(issue.path));
        const rule = `there is no such key${meant ? `; did you mean ${meant}?` : ''}`;
        return { path: [...issue.path, key], rule, ...(meant && { meant: [...issue.path, meant] }) };
      });
    case 'invalid_key':
      return [{ path: issue.path, rule: issue.issues[0]?.message ?? issue.message }];
    case 'invalid_value': {
      const allowed = issue.values.map(String);
      return [{ path: issue.path, rule: `must be ${allowed.length > 1 ? `one of ${allowed.join(', ')}` : allowed[0]}` }];
    }
    case 'invalid_type':
      return [{ path: issue.path, rule: `must be of type ${issue.expected}` }];
    default:
      return [{ path: issue.path, rule: issue.message }];
  }
}

/** The keys the schema has at a path; `sources.<any>` and list positions stand for each other. */
function knownKeysAt(path: Path): readonly string[] {
  let schema: unknown = PolicyFile;
  for (const step of path) schema = inside(schema, step);
  return Object.keys(shapeOf(schema) ?? {});
}

const defOf = (schema: unknown): Record<string, unknown> =>
  typeof schema === 'object' && schema !== null && 'def' in schema ? (schema.def as Record<string, unknown>) : {};
const bare = (schema: unknown): unknown => ('innerType' in defOf(schema) ? bare(defOf(schema)['innerType']) : schema);
const shapeOf = (schema: unknown) => defOf(bare(schema))['shape'] as Record<string, unknown> | undefined;
const inside = (schema: unknown, step: PropertyKey): unknown => {
  const def = defOf(bare(schema));
  return shapeOf(schema)?.[String(step)] ?? def['valueType'] ?? def['element'];
};

/** What is right field by field and yet wrong together. */
function contradictions({ accountable, sources, profiles, callers, steward }: PolicyFileContent): readonly Finding[] {
  const unknownSource = (path: Path, ref: string): readonly Finding[] => {
    const colon = ref.indexOf(':');
    const source = ref.slice(0, colon);
    if (colon < 0 || Object.hasOwn(sources, source) || source.includes('{')) return [];
    const meant = closest(source, Object.keys(sources));
    return [{ path, rule: `names the source ${source}, which is not under sources${meant ? `; did you mean ${meant}?` : ''}` }];
  };
  return [
    ...unknownSource(['accountable', 'policy'], accountable.policy),
    ...(steward === undefined ? [] : unknownSource(['steward'], steward)),
    ...Object.entries(sources).flatMap(([name, { accountable: ref, principals }]) => [
      ...unknownSource(['sources', name, 'accountable'], ref),
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
function ofOtherKind(path: Path, { connector, grants, scopes, environments }: PolicyFileContent['profiles'][string]): readonly Finding[] {
  if (connector === 'aws-iam-user')
    return [
      ...(grants.length ? [] : [{ path: [...path, 'grants'], rule: 'must name what the keys may do: a policy ARN or a .json file' }]),
      ...(scopes.length ? [{ path: [...path, 'scopes'], rule: 'are of API tokens; what access keys may do stands under grants' }] : []),
    ];
  return [
    ...(scopes.length ? [] : [{ path: [...path, 'scopes'], rule: 'must name what the tokens may be used for, e.g. orders:read' }]),
    ...(grants.length ? [{ path: [...path, 'grants'], rule: 'are of IAM users; what API tokens may do stands under scopes' }] : []),
    ...environments.flatMap((name, at) =>
      TOKEN_ENVIRONMENT.test(name)
        ? []
        : [
            {
              path: [...path, 'environments', at],
              rule: 'of API tokens must be 1 to 16 lower-case letters and digits, since it stands in the token',
            },
          ],
    ),
  ];
}

/** A rotation that begins before the last one has ended finds no free slot. */
function outOfOrder(path: Path, profile: PolicyFileContent['profiles'][string]): readonly Finding[] {
  const { rotateEvery, overlap, hardLimit, regret } = profile;
  if (hardLimit < overlap) return [{ path: [...path, 'hardLimit'], rule: 'must be at least overlap' }];
  const ends = rotateEvery > overlap + hardLimit + regret;
  return ends ? [] : [{ path: [...path, 'rotateEvery'], rule: 'must be more than overlap, hardLimit and regret together' }];
}
