import type { TokenKeys } from '../../application/rotate-token-key.ts';
import type { AwsJson } from '../../client/aws-json.ts';
import { parseKeyring } from '../../client/token-mac.ts';
import type { EpochMs } from '../../domain/types.ts';

/** The keys in their secret; `call` speaks to Secrets Manager. */
export const secretTokenKeys = (call: AwsJson, SecretId: string): TokenKeys => ({
  read: async () => {
    const { SecretString = '', CreatedDate = 0 } = (await call('secretsmanager.GetSecretValue', { SecretId })) as {
      readonly SecretString?: string;
      /** Of the version, in seconds. */
      readonly CreatedDate?: number;
    };
    return { ...parseKeyring(SecretString), sinceMs: (CreatedDate * 1_000) as EpochMs };
  },
  write: async (current, keys) => {
    const SecretString = JSON.stringify({ current, ...Object.fromEntries([...keys].map(([keyId, key]) => [keyId, key.reveal()])) });
    // Named by its number, the version is made once: of two runs at the same moment the second is refused, since its key is another.
    const ClientRequestToken = `token-keys-${current}`.padEnd(32, '-');
    await call('secretsmanager.PutSecretValue', { SecretId, ClientRequestToken, SecretString });
  },
});
