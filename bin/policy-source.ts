import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import type { CompiledPolicy } from '../lib/contract/compiled-policy.ts';
import { type PolicyProblem, parsePolicyFile } from '../lib/contract/policy-file.ts';
import { canonicalJson } from '../lib/domain/canonical-json.ts';
import type { Policy } from '../lib/domain/policy.ts';
import { fileTrouble, readGiven } from './given-file.ts';

type Document = Record<string, unknown>;

export type PolicySource =
  | {
      readonly ok: true;
      readonly policy: Policy;
      /** IAM policy documents of the grants that are files, by the name the policy has for them. */
      readonly grantDocuments: Readonly<Record<string, Document>>;
      readonly compiled: string;
      readonly digest: string;
    }
  | { readonly ok: false; readonly problems: readonly string[] };

/** Reads a policy file and the documents it names. Every problem comes as `file:line:column: field: value: rule`. */
export function readPolicySource(file: string): PolicySource {
  let text: string;
  try {
    text = readGiven(file);
  } catch (error) {
    return { ok: false, problems: [`${file}: ${fileTrouble(error)}`] };
  }
  const parsed = parsePolicyFile(text);
  if (!parsed.ok) return { ok: false, problems: parsed.problems.map((problem) => written(file, problem)) };
  const { policy } = parsed;
  const grantDocuments: Record<string, Document> = {};
  const problems: string[] = [];
  for (const [name, { grants }] of Object.entries(policy.profiles))
    for (const grant of grants.filter((one) => !one.startsWith('arn:'))) {
      const document = grantIn(join(dirname(file), grant));
      if (typeof document === 'string') problems.push(`${file}: profiles.${name}.grants: ${grant}: ${document}`);
      else grantDocuments[grant] = document;
    }
  if (problems.length > 0) return { ok: false, problems };
  const digest = createHash('sha256').update(canonicalJson({ policy, grantDocuments })).digest('hex');
  return { ok: true, policy, grantDocuments, compiled: JSON.stringify({ policy, digest } satisfies CompiledPolicy), digest };
}

const written = (file: string, { line, column, field, value, rule }: PolicyProblem): string =>
  `${file}:${line}:${column}: ${[field, value, rule].filter(Boolean).join(': ')}`;

/** The document, or what is wrong with it. */
function grantIn(file: string): Document | string {
  let document: unknown;
  try {
    document = JSON.parse(readGiven(file));
  } catch (error) {
    return error instanceof SyntaxError ? `is no IAM policy document: ${error.message}` : fileTrouble(error);
  }
  if (typeof document !== 'object' || document === null || Reflect.get(document, 'Version') !== '2012-10-17')
    return 'is no IAM policy document: Version must be 2012-10-17';
  const statements: unknown = Reflect.get(document, 'Statement');
  if (!Array.isArray(statements) || statements.length === 0)
    return 'is no IAM policy document: Statement must be a list with something in it';
  return document as Document;
}
