import { type Control, controlOf, get } from './control.ts';
import { startEmulator } from './emulator.ts';
import { checkedEndpoint, localEnvironment } from './endpoint.ts';
import { startGateway } from './gateway/server.ts';
import { installed } from './install.ts';

const MINUTE = 60_000;

export interface LocalCloudOptions {
  /**
   * A cloud that runs already.
   *
   * @default AWS_ENDPOINT_URL of `env`; without it, the embedded one is started
   */
  readonly endpoint?: string;
  /** The one host besides this machine that the endpoint may be on. */
  readonly allowEndpoint?: string;
  /** @default process.env */
  readonly env?: NodeJS.ProcessEnv;
  /** Of the embedded cloud; by default one that is free. */
  readonly port?: number;
  /**
   * Of the embedded cloud: how long a fresh access key is refused.
   *
   * @default 3000
   */
  readonly propagationMs?: number;
  /**
   * Of the embedded cloud: how old the last use that IAM tells may be.
   *
   * @default 15 minutes, as on AWS
   */
  readonly lastUsedLagMs?: number;
  /** Of the embedded cloud: where the emulator's log is appended; nowhere by default. */
  readonly logFile?: string;
  /** Lines about what takes time, or went wrong later. */
  readonly progress?: (line: string) => void;
}

export interface LocalCloud {
  readonly endpoint: string;
  /** Whether it is ours, and ends with us. */
  readonly embedded: boolean;
  /** The whole environment for children: the one given, with nothing of AWS in it but this cloud. */
  readonly env: Readonly<Record<string, string>>;
  readonly control: Control;
  stop(): Promise<void>;
}

/** The cloud that the user's endpoint names, else one of our own. Neither ever is a real account. */
export async function startLocalCloud(options: LocalCloudOptions = {}): Promise<LocalCloud> {
  const { env = process.env, allowEndpoint } = options;
  const given = options.endpoint ?? env['AWS_ENDPOINT_URL'];
  if (!given) return startEmbedded(options, env);
  const endpoint = checkedEndpoint(given, allowEndpoint);
  await get(new URL(endpoint));
  return { ...reachedAt(endpoint, env), embedded: false, stop: async () => {} };
}

const reachedAt = (endpoint: string, env: NodeJS.ProcessEnv) => {
  return { endpoint, env: localEnvironment(endpoint, env), control: controlOf(endpoint) };
};

async function startEmbedded(options: LocalCloudOptions, env: NodeJS.ProcessEnv): Promise<LocalCloud> {
  const { port = 0, propagationMs = 3_000, lastUsedLagMs = 15 * MINUTE, logFile, progress = () => {} } = options;
  const gateway = await startGateway({ port, propagationMs, lastUsedLagMs });
  try {
    const python = await installed({ env, progress });
    const emulator = await startEmulator({
      python,
      advertised: gateway.port,
      env,
      ...(logFile && { logFile }),
      onUnexpectedEnd: (last) => progress(`The emulator ended unexpectedly: ${last}`),
    });
    gateway.connect(emulator.port);
    let stopped: Promise<void> | undefined;
    const stop = async (): Promise<void> => {
      await gateway.close();
      await emulator.stop();
    };
    return {
      ...reachedAt(`http://127.0.0.1:${gateway.port}`, env),
      embedded: true,
      stop: () => {
        stopped ??= stop();
        return stopped;
      },
    };
  } catch (error) {
    await gateway.close();
    throw error;
  }
}
