import { Fault } from '../../lib/domain/faults.ts';

export type Env = NodeJS.ProcessEnv;

/** A variable that the stack sets; without it nothing here can work. */
export function need(env: Env, name: string): string {
  const value = env[name];
  if (!value) throw new Fault('misconfigured', false, `environment variable ${name} is missing`);
  return value;
}
