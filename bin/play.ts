import { styleText } from 'node:util';
import { startLocalCloud } from '../local/cloud.ts';
import { deploy } from '../local/deploy.ts';
import { LocalCloudError } from '../local/errors.ts';
import { foundCompany } from '../local/play/company.ts';
import type { Deployed } from '../local/play/issued.ts';
import { playLine } from '../local/play/line.ts';
import { readPeople } from '../local/play/people.ts';
import { newReport } from '../local/play/report.ts';
import { readArguments } from './arguments.ts';

const USAGE = `Usage: npm start [-- --keep] [--verbose] [--allow-endpoint HOST]

Plays a company on a local cloud: people join, get credentials, use them, and leave.
  --keep       leave the cloud up at the end, and print commands to try
  --verbose    show what CDK and the emulator say
Exit codes: 0 all was as it should be, 1 something was not, 2 wrong use.`;

const POLICY = 'examples/company/nhi.policy.yaml';
const PEOPLE = 'examples/company/people-2026-03-01.csv';
const ACCOUNT = '000000000000';

interface Options {
  readonly keep: boolean;
  readonly verbose: boolean;
  readonly allowEndpoint: string | undefined;
}

async function play({ keep, verbose, allowEndpoint }: Options): Promise<number> {
  const startedAt = Date.now();
  let interrupted = false;
  const print = (text: string): void => {
    if (!interrupted) console.log(text); // what breaks because of the end is no news
  };
  const report = newReport(print, startedAt);
  print(styleText('bold', 'A local cloud, and the stack on it'));
  const cloud = await startLocalCloud({ progress: report.line, lastUsedLagMs: 1_000, ...(allowEndpoint && { allowEndpoint }) });
  const stopped = endOnSignal(() => {
    interrupted = true;
    return cloud.stop();
  });
  try {
    report.line(cloud.embedded ? `up at ${cloud.endpoint}, IAM enforced` : `${cloud.endpoint} answers`);
    for (const name of Object.keys(process.env)) if (name.toUpperCase().startsWith('AWS_')) delete process.env[name];
    Object.assign(process.env, cloud.env); // the SDK's clients of this process look here, and nowhere else
    report.line('cdk bootstrap, cdk deploy …');
    const quiet = (): void => undefined;
    const outputs = await deploy({ env: cloud.env, policy: POLICY, onLine: verbose ? report.line : quiet });
    const stack = {
      apiUrl: outputs['ApiUrl'] ?? '',
      inboundBus: outputs['InboundBus'] ?? '',
      feedBucket: outputs['FeedBucket'] ?? '',
      account: ACCOUNT,
      region: cloud.env['AWS_REGION'] ?? 'us-east-1',
    };
    report.line(`deployed; the API is at ${stack.apiUrl}`);
    await playLine(stack, readPeople(PEOPLE), report);
    const wrong = report.wrong();
    const took = `${((Date.now() - startedAt) / 1000).toFixed(0)} s`;
    print(`\n${wrong.length ? `${wrong.length} of the checks went wrong (${took}):` : `All of it was as it should be (${took})`}`);
    for (const claim of wrong) report.line(`${styleText('red', 'WRONG')}  ${claim}`);
    if (keep) await keepUp(cloud.endpoint, stack, report.line, stopped);
    return wrong.length ? 1 : 0;
  } finally {
    await cloud.stop();
  }
}

/** Resolves when a signal asks for the end; the cloud is stopped first, so that nothing is left behind. */
function endOnSignal(stop: () => Promise<void>): Promise<void> {
  return new Promise((resolve) => {
    for (const [signal, code] of [
      ['SIGINT', 130],
      ['SIGTERM', 143],
      ['SIGHUP', 129],
    ] as const)
      process.once(signal, () => {
        resolve();
        console.error(`\n${signal}: stopping the local cloud`);
        void stop().finally(() => process.exit(code));
      });
  });
}

async function keepUp(
  endpoint: string,
  { apiUrl, account }: Deployed,
  line: (text: string) => void,
  stopped: Promise<void>,
): Promise<void> {
  const { accessKeyId, secretAccessKey, sessionToken } = await (await foundCompany(account)).signIn('auditor', 'you');
  line('The cloud stays up until Ctrl-C. In another terminal, in this folder, as the auditor for an hour:');
  for (const command of [
    `export AWS_ENDPOINT_URL=${endpoint} AWS_REGION=us-east-1 NHI_API=${apiUrl}`,
    `export AWS_ACCESS_KEY_ID=${accessKeyId} AWS_SECRET_ACCESS_KEY=${secretAccessKey} AWS_SESSION_TOKEN=${sessionToken}`,
    'npm run -s nhi -- owner show hr:103          # has left',
    'npm run -s nhi -- credential list',
    'npm run -s nhi -- credential show ID         # with its timeline: whose it was, who was passed over',
    'npm run -s nhi -- batch list                 # what the guard held, and who released it',
    'npm run -s nhi -- report orphans             # --html FILE for a page',
    'npm run -s nhi -- report would-have          # what a source that is only observed would have taken away',
  ])
    line(`  ${command}`);
  await stopped;
}

try {
  const flag = { type: 'boolean', default: false } as const;
  const given = readArguments(USAGE, { keep: flag, verbose: flag, 'allow-endpoint': { type: 'string' } });
  process.exitCode = await play({ keep: given.keep, verbose: given.verbose, allowEndpoint: given['allow-endpoint'] });
} catch (error) {
  console.error(error instanceof LocalCloudError ? error.message : error);
  process.exitCode = 1;
}
