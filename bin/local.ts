import { startLocalCloud } from '../local/cloud.ts';
import { localSettings } from '../local/endpoint.ts';
import { LocalCloudError } from '../local/errors.ts';
import { readArguments, wholeNumber } from './arguments.ts';

const USAGE = `Usage: node bin/local.ts [--port N] [--propagation-ms N] [--last-used-lag-ms N] [--log FILE] [--allow-endpoint HOST]

Runs a local cloud until Ctrl-C, and prints what another terminal needs to use it.
With AWS_ENDPOINT_URL set, it only checks that endpoint.
Exit codes: 0 stopped, 1 it could not be started, 2 wrong use.`;

const STANDARD_PORT = 4566; // where tools for local clouds look first

const say = (line: string): void => console.error(line);

function options() {
  const text = { type: 'string' } as const;
  const given = readArguments(USAGE, {
    ...{ port: text, 'propagation-ms': text, 'last-used-lag-ms': text },
    ...{ log: text, 'allow-endpoint': text },
  });
  const propagationMs = wholeNumber('propagation-ms', given['propagation-ms']);
  const lastUsedLagMs = wholeNumber('last-used-lag-ms', given['last-used-lag-ms']);
  return {
    port: wholeNumber('port', given.port) ?? STANDARD_PORT,
    ...(propagationMs !== undefined && { propagationMs }),
    ...(lastUsedLagMs !== undefined && { lastUsedLagMs }),
    ...(given.log && { logFile: given.log }),
    ...(given['allow-endpoint'] && { allowEndpoint: given['allow-endpoint'] }),
  };
}

async function main(): Promise<void> {
  const cloud = await startLocalCloud({ ...options(), progress: say });
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
  console.error(error instanceof LocalCloudError ? error.message : error);
  process.exitCode = 1;
});
