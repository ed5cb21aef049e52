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
}

/** What another policy file would change, and which live credentials their owners could not have any more by it. */
export async function diffPolicy(file: string, options: DiffOptions): Promise<void> {
  const before = policyIn(options.from);
  const after = policyIn(file);
  const changes = policyChanges(before, after);
  const touched = (await allCredentials(options)).flatMap((credential): readonly Touched[] => {
    const { profile, environment, ownerStatus, ownerRoles } = credential;
    if (ownerStatus === undefined || ownerRoles === undefined) return [];
    const why = losesBy(before, after, { profile, environment, owner: { status: ownerStatus, attributes: { roles: ownerRoles } } });
    return why === undefined ? [] : [{ credential, why }];
  });
  const { mode, act, graceMs } = after.sweeps.orphans;
  const then =
    mode === 'enforce' && act === 'revoke'
      ? `the sweep revokes them ${graceMs / 3_600_000} h after it first saw them`
      : 'the sweep reports them';
  if (options.json) print({ changes, touched: touched.map(({ credential, why }) => ({ ...credential, why })), then }, true);
  else tell(changes, touched, then);
}

function policyIn(file: string) {
  const source = readPolicySource(file);
  if (!source.ok) throw new UserError(source.problems.join('\n'), 2);
  return source.policy;
}

function tell(changes: readonly PolicyChange[], touched: readonly Touched[], then: string): void {
  console.log(changes.length === 0 ? 'The two say the same.' : changes.map(({ part, how }) => `${part}: ${how}`).join('\n'));
  if (touched.length === 0) {
    console.log('No live credential would be too much by it.');
    return;
  }
  const rows = touched.map(({ credential: { id, profile, ownerRef = '' }, why }) => [id, profile, ownerRef, why]);
  console.log(`\n${table(['credential', 'profile', 'owner', 'why'], rows)}`);
  console.log(`\n${touched.length} live credentials would be too much by it; once it is deployed, ${then}.`);
}
