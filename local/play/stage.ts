import { type AwsCredentials, signedCall } from '../../lib/client/signed-call.ts';
import { type Answer, apiOf, type Call } from './api.ts';
import { type Company, foundCompany } from './company.ts';
import { type HrSystem, hrSystem } from './feed.ts';
import type { Deployed, Issued } from './issued.ts';
import { nhi, type Ran } from './nhi.ts';
import { sendOrder } from './outside.ts';
import type { Report } from './report.ts';
import { type Eventually, eventuallyWithin } from './waiting.ts';

/** How long anything in the play may take before it counts as wrong. */
const PATIENCE_MS = 90_000;

/** What every scene has at hand. */
export interface Stage {
  readonly stack: Deployed;
  readonly company: Company;
  readonly call: Call;
  readonly hr: HrSystem;
  readonly report: Report;
  readonly eventually: Eventually;
  /** The credential as its auditor sees it. */
  credential(id: string): Promise<Answer>;
  /** The owner as an auditor sees them: `hr:103`, `team:IT`. */
  owner(ref: string): Promise<Answer>;
  /** Until the credential is in that status; gives it. */
  until(id: string, status: string): Promise<Answer>;
  /** Whether that key's real signed call is refused. */
  refused(key: AwsCredentials): Promise<boolean>;
  /** Until it is; gives when. */
  untilRefused(one: Pick<Issued, 'id' | 'key'>): Promise<number>;
  /** The command line, as that caller. */
  nhi(who: AwsCredentials, ...args: readonly string[]): Promise<Ran>;
  /** Who may look at everything, and change nothing. */
  readonly auditor: AwsCredentials;
}

export async function openStage(stack: Deployed, report: Report, patienceMs = PATIENCE_MS): Promise<Stage> {
  const company = await foundCompany(stack.account);
  const call = apiOf(stack);
  const auditor = await company.signIn('auditor', 'play');
  const eventually = eventuallyWithin(patienceMs);
  const credential = async (id: string): Promise<Answer> => (await call(auditor, 'GET', `/v1/credentials/${id}`)).json;
  const refused = async (key: AwsCredentials): Promise<boolean> => (await sendOrder(key, company.ordersUrl)) === 'refused';
  return {
    ...{ stack, company, call, report, eventually, auditor, credential, refused },
    hr: hrSystem(await company.signIn('hr-feed', 'export'), stack),
    owner: async (ref) => (await call(auditor, 'GET', `/v1/owners/${encodeURIComponent(ref)}`)).json,
    until: (id, status) =>
      eventually(`${id} is ${status}`, async () => {
        const now = await credential(id);
        return now.status === status ? now : undefined;
      }),
    untilRefused: ({ id, key }) => eventually(`the key of ${id} is refused`, async () => ((await refused(key)) ? Date.now() : undefined)),
    nhi: (who, ...args) => nhi(stack, who, ...args),
  };
}

/** Runs a function now: the schedule says every hour, and nobody wants to wait for it here. */
export async function invoke(functionName: string): Promise<void> {
  const { env } = process;
  const answer = await signedCall({
    url: `${env['AWS_ENDPOINT_URL']}/2015-03-31/functions/${functionName}/invocations`,
    method: 'POST',
    service: 'lambda',
    region: env['AWS_REGION'] ?? 'us-east-1',
    credentials: { accessKeyId: env['AWS_ACCESS_KEY_ID'] ?? '', secretAccessKey: env['AWS_SECRET_ACCESS_KEY'] ?? '' },
    body: '{}',
  });
  if (answer.status !== 200 || answer.body.includes('errorMessage'))
    throw new Error(`${functionName} failed: ${answer.body.slice(0, 500)}`);
}
