export type FaultCode =
  | 'ledger-conflict' // another writer was first
  | 'ledger-unreadable' // a record that does not parse
  | 'owner-not-active' // the transaction found the owner gone, in another epoch, or killed
  | 'kill-over' // the transaction found the owner under no such kill any more: lifted, or killed anew
  | 'guard-tripped' // more would be taken away in this window than the policy allows
  | 'already-exists' // a unique item (alias, subject, request) is taken
  | 'provider-refused' // the provider answered, and the answer is no
  | 'provider-throttled' // the provider answered: later
  | 'provider-unknown' // no answer: the call may have had its effect, or may have it yet
  | 'key-quota' // the account has as many keys as the provider allows
  | 'foreign-account' // the name is taken by something that is not ours
  | 'misconfigured';

/**
 * An operation broke. (A refused command is a `Decision`, not a fault.)
 * `provider-unknown` is the one that matters: whatever else is known had no effect.
 */
export class Fault extends Error {
  override readonly name = 'Fault';
  readonly code: FaultCode;
  readonly retryable: boolean;
  /** Of a call of many parts: how many of them need not be done again. */
  readonly done: number;
  constructor(
    code: FaultCode,
    retryable: boolean,
    detail?: string,
    { done = 0, ...options }: ErrorOptions & { readonly done?: number } = {},
  ) {
    super(detail ? `${code}: ${detail}` : code, options);
    this.code = code;
    this.retryable = retryable;
    this.done = done;
  }

  after(done: number): Fault {
    return new Fault(this.code, this.retryable, this.message.slice(this.code.length + 2), { done });
  }
}

/** Holds a secret value so that no print, log, template or JSON shows it. */
export class Secret {
  readonly #value: string;
  constructor(value: string) {
    this.#value = value;
  }
  reveal(): string {
    return this.#value;
  }
  toString(): string {
    return '[secret]';
  }
  toJSON(): string {
    return '[secret]';
  }
}
