import { afterAll, beforeAll } from 'vitest';
import { type LocalCloud, startLocalCloud } from '../../local/cloud.ts';

/** Short, so that a suite need not wait; long enough that a fresh key is refused at first. */
export const PROPAGATION_MS = 700;

/** A cloud for the tests of this file, the embedded one unless an endpoint is given. */
export function useLocalCloud(): () => LocalCloud {
  let cloud: LocalCloud | undefined;
  beforeAll(async () => {
    cloud = await startLocalCloud({ propagationMs: PROPAGATION_MS, progress: console.log });
  });
  afterAll(() => cloud?.stop());
  return () => {
    if (!cloud) throw new Error('the cloud is not up');
    return cloud;
  };
}
