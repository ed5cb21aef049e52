import type { Call } from './wire.ts';

const KINDS = ['error', 'drop', 'drop-after', 'throttle', 'delay', 'duplicate'] as const;

/** One way for calls to go wrong. */
export interface FaultRule {
  /** Regular expression that all of `service:Operation` must match, such as `iam:(Create|Delete)AccessKey`. */
  readonly match: string;
  /**
   * - `error`: refused with `status` and `code`, without effect.
   * - `throttle`: refused as "later", without effect.
   * - `drop`: the connection closes, without effect.
   * - `drop-after`: the connection closes after the effect.
   * - `delay`: the effect comes `ms` late, even to a caller that gave up.
   * - `duplicate`: the effect comes twice, the caller sees the first answer.
   */
  readonly kind: (typeof KINDS)[number];
  /** @default 1 */
  readonly times?: number;
  /** @default 1000 */
  readonly ms?: number;
  /** @default 500 */
  readonly status?: number;
  /** @default InternalFailure */
  readonly code?: string;
  /** Only calls signed by this access key. */
  readonly caller?: string;
}

export interface FiredFault {
  readonly call: string;
  readonly kind: FaultRule['kind'];
  readonly caller: string;
  /** Epoch milliseconds. */
  readonly at: number;
}

interface Armed {
  readonly rule: FaultRule;
  readonly pattern: RegExp;
  left: number;
}

export class Faults {
  #armed: readonly Armed[] = [];
  #fired: readonly FiredFault[] = [];

  /** These rules instead of those before; what fired so far is forgotten. Throws when a rule makes no sense. */
  arm(rules: readonly unknown[]): void {
    this.#armed = rules.map((rule) => {
      assertRule(rule);
      return { rule, pattern: new RegExp(`^(?:${rule.match})$`), left: rule.times ?? 1 };
    });
    this.#fired = [];
  }

  /** The first rule for this call that has not fired often enough. */
  take(call: Call, now: number): FaultRule | undefined {
    const matches = ({ rule, pattern, left }: Armed): boolean =>
      left > 0 && pattern.test(call.name) && (rule.caller === undefined || rule.caller === call.caller);
    const hit = this.#armed.find(matches);
    if (!hit) return undefined;
    hit.left -= 1;
    this.#fired = [...this.#fired, { call: call.name, kind: hit.rule.kind, caller: call.caller ?? 'anonymous', at: now }];
    return hit.rule;
  }

  fired(): readonly FiredFault[] {
    return this.#fired;
  }
}

const isText = (value: unknown): boolean => typeof value === 'string';
const isCount = (value: unknown): boolean => Number.isInteger(value) && Number(value) >= 0;
const isKind = (value: unknown): boolean => KINDS.some((kind) => kind === value);
function isPattern(value: unknown): boolean {
  try {
    return typeof value === 'string' && new RegExp(value) !== undefined;
  } catch {
    return false;
  }
}

const FIELDS: Readonly<Record<keyof FaultRule, readonly [(value: unknown) => boolean, string]>> = {
  match: [isPattern, 'a regular expression'],
  kind: [isKind, `one of ${KINDS.join(', ')}`],
  times: [isCount, 'a whole number'],
  ms: [isCount, 'a whole number'],
  status: [isCount, 'a whole number'],
  code: [isText, 'text'],
  caller: [isText, 'text'],
};

/** Rules come in over HTTP, and a misspelt one that never fires would make its test pass for nothing. */
function assertRule(rule: unknown): asserts rule is FaultRule {
  const wrong = (why: string): Error => new Error(`fault ${JSON.stringify(rule)}: ${why}`);
  if (typeof rule !== 'object' || rule === null) throw wrong('not an object');
  const checks = new Map<string, readonly [(value: unknown) => boolean, string]>(Object.entries(FIELDS));
  for (const needed of ['match', 'kind']) if (!(needed in rule)) throw wrong(`${needed} is missing`);
  for (const [name, value] of Object.entries(rule)) {
    const check = checks.get(name);
    if (!check) throw wrong(`${name} means nothing`);
    const [holds, what] = check;
    if (value !== undefined && !holds(value)) throw wrong(`${name} is not ${what}`);
  }
}
