import { secretsManagerStore } from '../../lib/adapters/aws/secrets-manager.ts';
import type { SecretStore } from '../../lib/application/ports.ts';
import { ENV } from '../../lib/contract/env.ts';
import { type Env, need } from './env.ts';

/** Where the values of credentials of every kind are. */
export const composeSecrets = (env: Env): SecretStore =>
  secretsManagerStore({
    stack: need(env, ENV.stack),
    keyArn: need(env, ENV.secretKeyArn),
    managerRoleArns: need(env, ENV.managerRoleArns).split(','),
  });
