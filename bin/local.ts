import { parseArgs } from 'node:util';
import { startLocalCloud } from '../local/cloud.ts';
import { localSettings } from '../local/endpoint.ts';
import { LocalCloudError } from '../local/errors.ts';

const USAGE = `Usage: node bin/local.ts [--port N] [--propagation-ms N] [--last-used-lag-ms N] [--log FILE] [--allow-endpoint HOST]

Runs a local cloud until Ctrl-C, and prints what another terminal needs to use it.
With AWS_ENDPOINT_URL set, it only checks that endpoint.`;

const STANDARD_PORT = 4566; // where tools for local clouds look first

const say = (line: string): void => console.error(line);

function wholeNumber(name: string, text: string | undefined): number | undefined {
  if (text === undefined || /^\d+$/.test(text)) return text === undefined ? undefined : Number(text);
  throw new LocalCloudError(`--${name} takes a whole number, not '${text}'.`);
}

function readArguments() {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    options: {
      port: text,
      'propagation-ms': text,
      'last-used-lag-ms': text,
      log: text,
      'allow-endpoint': text,
      help: { type: 'boolean', short: 'h' },
    },
  });
  const propagationMs = wholeNumber('propagation-ms', values['propagation-ms']);
  const lastUsedLagMs = wholeNumber('last-used-lag-ms', values['last-used-lag-ms']);
  return {
    help: values.help === true,
    options: {
      port: wholeNumber('port', values.port) ?? STANDARD_PORT,
      ...(propagationMs !== undefined && { propagationMs }),
      ...(lastUsedLagMs !== undefined && { lastUsedLagMs }),
      ...(values.log && { logFile: values.log }),
      ...(values['allow-endpoint'] && { allowEndpoint: values['allow-endpoint'] }),
    },
  };
}

async function main(): Promise<void> {
  const { help, options } = readArguments();
  if (help) return console.log(USAGE);
  const cloud = await startLocalCloud({ ...options, progress: say });
  const settings = localSettings(cloud.endpoint);
  console.log(`unset ${foreignSettings(settings).join(' ')}`);
  for (const [name, value] of Object.entries(settings)) console.log(`export ${name}=${value}`);
  if (!cloud.embedded) return say(`${cloud.endpoint} answers; it is not ours to start or stop.`);
  say(`The local cloud is up at ${cloud.endpoint}; Ctrl-C stops it.`);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => void cloud.stop().then(() => say('Stopped.')));
}

/** What would lead past the local cloud in the terminal that uses it. */
const foreignSettings = (settings: Readonly<Record<string, string>>): readonly string[] => {
  const present = Object.keys(process.env).filter((name) => name.startsWith('AWS_') && !(name in settings));
  return [...new Set(['AWS_PROFILE', 'AWS_SESSION_TOKEN', ...present])];
};

main().catch((error: unknown) => {
  const expected =
    error instanceof LocalCloudError || (error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS'));
  console.error(expected ? (error as Error).message : error);
  process.exitCode = 1;
});
