import { type Document, LineCounter, parseDocument, visit } from 'yaml';
import type * as z from 'zod';
import type { Policy } from '../domain/policy.ts';
import { closest } from './closest.ts';
import { locate } from './locate.ts';
import { contradictions, type Path, type RuleFinding } from './policy-rules.ts';
import { PolicyFile, policyOf } from './policy-schema.ts';
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

interface Finding extends RuleFinding {
  /** What the misspelt key at `path` was meant to be, and which is therefore not missing. */
  readonly meant?: Path;
}

/** Reads `nhi.policy.yaml` and tells everything that is wrong with it at once. */
export function parsePolicyFile(text: string): ParsedPolicy {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true });
  const broken = brokenAt(document);
  if (broken) {
    const { line, col } = lines.linePos(broken.offset);
    return { ok: false, problems: [{ line, column: col, field: '(file)', value: '', rule: broken.rule }] };
  }
  const content: unknown = document.toJS({ maxAliasCount: 0 });
  const parsed = PolicyFile.safeParse(content);
  const findings: readonly Finding[] = parsed.success
    ? contradictions(parsed.data, content)
    : parsed.error.issues.flatMap((issue) => findingsOf(issue, content));
  if (parsed.success && findings.length === 0) return { ok: true, policy: policyOf(parsed.data) };
  const meant = new Set(findings.flatMap((finding) => finding.meant?.join('.') ?? []));
  const told = findings.filter(({ path }) => !(meant.has(path.join('.')) && valueAt(content, path) === undefined));
  const problems = told.map(({ path, rule }): PolicyProblem => {
    const { line, col } = lines.linePos(locate(document, path));
    return { line, column: col, field: path.map(String).join('.') || '(file)', value: shown(valueAt(content, path)), rule };
  });
  return { ok: false, problems: problems.sort((a, b) => a.line - b.line || a.column - b.column) };
}

/** The first thing that keeps a document from being read at all. */
function brokenAt(document: Document.Parsed): { readonly offset: number; readonly rule: string } | undefined {
  const [error] = document.errors;
  if (error?.code === 'MULTIPLE_DOCS') return { offset: error.pos[0], rule: 'a second document begins here; the policy is one' };
  if (error)
    return { offset: error.pos[0], rule: `is no YAML: ${error.message.split('\n')[0]?.replace(/ at line \d+, column \d+:?$/, '')}` };
  let offset: number | undefined;
  visit(document, {
    Alias: (_, alias) => {
      offset = alias.range?.[0] ?? 0;
      return visit.BREAK;
    },
  });
  return offset === undefined ? undefined : { offset, rule: 'an alias (*name) is not taken: write what it stands for' };
}

function findingsOf(issue: z.core.$ZodIssue, content: unknown): readonly Finding[] {
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => {
        const meant = closest(key, knownKeysAt(issue.path));
        const rule = `there is no such key${meant ? `; did you mean ${meant}?` : ''}`;
        return { path: [...issue.path, key], rule, ...(meant && { meant: [...issue.path, meant] }) };
      });
    case 'invalid_key':
      return [{ path: issue.path, rule: issue.issues[0]?.message ?? issue.message }];
    case 'invalid_value':
      return [{ path: issue.path, rule: oneOf(issue.values.map(String), valueAt(content, issue.path)) }];
    case 'invalid_union':
      if (issue.discriminator === undefined) return [{ path: issue.path, rule: issue.message }];
      return [{ path: issue.path, rule: oneOf(variantsAt(issue.path.slice(0, -1), issue.discriminator), valueAt(content, issue.path)) }];
    case 'invalid_type':
      return [{ path: issue.path, rule: `must be of type ${issue.expected}` }];
    default:
      return [{ path: issue.path, rule: issue.message }];
  }
}

function oneOf(allowed: readonly string[], given: unknown): string {
  const meant = typeof given === 'string' ? closest(given, allowed) : undefined;
  const must = `must be ${allowed.length > 1 ? `one of ${allowed.join(', ')}` : allowed[0]}`;
  return meant && allowed.length > 1 ? `${must}; did you mean ${meant}?` : must;
}

/** The keys the schema has at a path; `sources.<any>` and list positions stand for each other. */
function knownKeysAt(path: Path): readonly string[] {
  return shapesAt(path).flatMap((shape) => Object.keys(shape));
}

/** What a discriminator may say. */
const variantsAt = (path: Path, discriminator: string): readonly string[] =>
  shapesAt(path).flatMap((shape) => ((defOf(shape[discriminator])['values'] ?? []) as readonly unknown[]).map(String));

/** The one shape at a path, or those of a union. */
function shapesAt(path: Path): readonly Shape[] {
  let schema: unknown = PolicyFile;
  for (const step of path) schema = inside(schema, step);
  const options = defOf(bare(schema))['options'];
  const all: readonly unknown[] = Array.isArray(options) ? options : [schema];
  return all.flatMap((one): readonly Shape[] => {
    const shape = shapeOf(one);
    return shape ? [shape] : [];
  });
}

const defOf = (schema: unknown): Record<string, unknown> =>
  typeof schema === 'object' && schema !== null && 'def' in schema ? (schema.def as Record<string, unknown>) : {};
const bare = (schema: unknown): unknown => ('innerType' in defOf(schema) ? bare(defOf(schema)['innerType']) : schema);
type Shape = Record<string, unknown>;
const shapeOf = (schema: unknown) => defOf(bare(schema))['shape'] as Shape | undefined;
const inside = (schema: unknown, step: PropertyKey): unknown => {
  const def = defOf(bare(schema));
  return shapeOf(schema)?.[String(step)] ?? def['valueType'] ?? def['element'];
};
