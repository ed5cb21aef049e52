import type { Call } from './wire.ts';

/** Calls by operation (`iam:CreateUser`) and access key; `anonymous` for those that are not signed. */
export type CallCounts = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** Counts every call that arrives, whatever becomes of it. */
export class Counts {
  readonly #calls = new Map<string, Map<string, number>>();

  note({ name, caller = 'anonymous' }: Call): void {
    const callers = this.#calls.get(name) ?? new Map<string, number>();
    this.#calls.set(name, callers.set(caller, (callers.get(caller) ?? 0) + 1));
  }

  all(): CallCounts {
    return Object.fromEntries([...this.#calls].map(([name, callers]) => [name, Object.fromEntries(callers)]));
  }

  clear(): void {
    this.#calls.clear();
  }
}
