import type { Policy } from '../../lib/domain/policy.ts';
import { losesBy, type PolicyChange, policyChanges } from '../../lib/domain/policy-diff.ts';
import { readPolicySource } from '../policy-source.ts';
import { type ApiOptions, UserError } from './api-client.ts';
import { allCredentials, type LiveCredential } from './live-credentials.ts';
import { print, table } from './print.ts';

export interface DiffOptions extends ApiOptions {
  readonly from: string;
}

interface Touched {
  readonly credential: LiveCredential;
  readonly why: string;
  /** What follows when the policy is in force. */
  readonly follows: string;
}

/** What another policy file would change, and which live credentials their owners could not have any more by it. */
export async function diffPolicy(file: string, options: DiffOptions): Promise<void> {
  const before = policyIn(options.from);
  const after = policyIn(file);
  const changes = policyChanges(before, after);
  const touched = (await allCredentials(options)).flatMap((credential): readonly Touched[] => {
    const { profile, environment, ownerRef, ownerStatus, ownerRoles } = credential;
    if (ownerRef === undefined || ownerStatus === undefined || ownerRoles === undefined) return [];
    const [source = '', ...subject] = ownerRef.split(':');
    const owner = { source, subject: subject.join(':'), status: ownerStatus, attributes: { roles: ownerRoles } };
    const why = losesBy(before, after, { profile, environment, owner });
    return why === undefined ? [] : [{ credential, why, follows: followsFrom(after, source, profile) }];
  });
  if (options.json) print({ changes, touched: touched.map(({ credential, ...rest }) => ({ ...credential, ...rest })) }, true);
  else tell(changes, touched);
}

/** Their owners are reviewed as movers are; about what is gone from the policy only the sweep of the account says something. */
function followsFrom({ mode, sources, profiles }: Policy, source: string, name: string): string {
  const profile = Object.hasOwn(profiles, name) ? profiles[name] : undefined;
  if (!profile) return 'the sweep reports it';
  const observes = mode === 'observe' || (Object.hasOwn(sources, source) && sources[source]?.mode === 'observe');
  return observes && profile.onMove !== 'keep' ? `${profile.onMove} (only recorded: observe)` : profile.onMove;
}

function policyIn(file: string) {
  const source = readPolicySource(file);
  if (!source.ok) throw new UserError(source.problems.join('\n'), 2);
  return source.policy;
}

/** e.g. `profiles.ci-deploy.rotation.overlap: 24h → 1h`. */
function told({ part, how, before, after }: PolicyChange): string {
  const name = part.replace(/Ms$/, '');
  const said = (value: unknown): string => (part.endsWith('Ms') && typeof value === 'number' ? durationOf(value) : JSON.stringify(value));
  if (how === 'changed') return `${name}: ${said(before)} → ${said(after)}`;
  return `${name}: ${how}${typeof (before ?? after) === 'object' ? '' : ` (${said(before ?? after)})`}`;
}

/** As the policy file writes it. */
function durationOf(ms: number): string {
  const units = [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['m', 60_000],
  ] as const;
  const [unit, length] = units.find(([, each]) => ms >= each && ms % each === 0) ?? (['s', 1_000] as const);
  return `${ms / length}${unit}`;
}

function tell(changes: readonly PolicyChange[], touched: readonly Touched[]): void {
  console.log(changes.length === 0 ? 'The two say the same.' : changes.map(told).join('\n'));
  if (touched.length === 0) {
    console.log('No live credential would be too much by it.');
    return;
  }
  const rows = touched.map(({ credential: { id, profile, ownerRef = '' }, why, follows }) => [id, profile, ownerRef, why, follows]);
  console.log(`\n${table(['credential', 'profile', 'owner', 'why', 'this follows'], rows)}`);
  console.log(`\n${touched.length} live credentials would be too much by it.`);
}
