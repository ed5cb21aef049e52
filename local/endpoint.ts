import { devNull } from 'node:os';
import { LocalCloudError } from './errors.ts';

const REGION = 'us-east-1';
/** The emulator's root. No real account has it, so a call that went astray would be refused. */
const ROOT_KEY = 'test';

const OF_AWS = /(^|\.)(amazonaws\.com(\.cn)?|api\.aws|api\.amazonwebservices\.com\.cn)$/;

/** `hostname` as URL gives it: addresses normalised, IPv6 in brackets. */
export const isLoopback = (hostname: string): boolean =>
  hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname);

/** The endpoint to use, or an error: local commands talk to this machine, or to the one host that a flag names. */
export function checkedEndpoint(endpoint: string, allowed?: string): string {
  if (!URL.canParse(endpoint)) throw new LocalCloudError(`'${endpoint}' is not the URL of an endpoint.`);
  const { protocol, hostname, host, origin } = new URL(endpoint);
  if (protocol !== 'http:' && protocol !== 'https:') throw new LocalCloudError(`'${endpoint}' is neither http nor https.`);
  if (OF_AWS.test(hostname)) throw new LocalCloudError(`${hostname} is AWS itself, which local commands never use.`);
  const named = allowed?.toLowerCase();
  if (isLoopback(hostname) || named === hostname || named === host) return origin;
  throw new LocalCloudError(
    `The endpoint ${origin} is not on this machine: unset AWS_ENDPOINT_URL, or allow it with '--allow-endpoint ${hostname}'.`,
  );
}

/** What the AWS SDK and tools read, pointing to `endpoint` and to nothing of the user's. */
export const localSettings = (endpoint: string): Readonly<Record<string, string>> => ({
  AWS_ENDPOINT_URL: endpoint,
  AWS_ACCESS_KEY_ID: ROOT_KEY,
  AWS_SECRET_ACCESS_KEY: ROOT_KEY,
  AWS_REGION: REGION,
  AWS_DEFAULT_REGION: REGION,
  AWS_EC2_METADATA_DISABLED: 'true',
  AWS_CONFIG_FILE: devNull,
  AWS_SHARED_CREDENTIALS_FILE: devNull,
});

/**
 * The environment of a child that may only reach `endpoint`. Of `base` no AWS_* setting stays: a profile, a session token,
 * AWS_IGNORE_CONFIGURED_ENDPOINT_URLS or AWS_ENDPOINT_URL_IAM would each lead past it. A proxy must not see it either.
 */
export function localEnvironment(endpoint: string, base: NodeJS.ProcessEnv): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(base)) {
    if (value !== undefined && !name.toUpperCase().startsWith('AWS_')) kept[name] = value;
  }
  const direct = ['127.0.0.1', 'localhost', new URL(endpoint).hostname, kept['NO_PROXY'] ?? kept['no_proxy'] ?? ''];
  const noProxy = [...new Set(direct)].filter(Boolean).join(',');
  return { ...kept, NO_PROXY: noProxy, no_proxy: noProxy, ...localSettings(endpoint) };
}

/** Configuration of an SDK client in this process, which looks at no environment and no file. */
export const localClient = (endpoint: string) => ({
  endpoint,
  region: REGION,
  credentials: { accessKeyId: ROOT_KEY, secretAccessKey: ROOT_KEY },
});
