import { afterAll } from 'vitest';

/** Files share a process here: a mutant that stayed on while the next one is read would be a broken run, not a killed mutant. */
afterAll(() => {
  const stryker = (globalThis as { __stryker__?: { activeMutant?: string | undefined } }).__stryker__;
  if (stryker) stryker.activeMutant = undefined;
});
