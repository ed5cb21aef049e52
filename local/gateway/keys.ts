import { type Answer, type Call, errorCode, type Request, textOf } from './wire.ts';

interface Use {
  readonly at: number;
  readonly service: string;
  readonly region: string;
}

export interface KeyTimes {
  /** How long a key that was just created is still unknown to the services. */
  readonly propagationMs: number;
  /** A use is noted unless one was noted less than this ago. AWS: 15 minutes. */
  readonly lastUsedLagMs: number;
}

/** No service knows it, so each says in its own words that the caller's key is unknown. */
const UNKNOWN_KEY = 'AKIA0000000000000000';
const NOT_AUTHENTICATED =
  /^(InvalidClientTokenId|UnrecognizedClientException|InvalidAccessKeyId|SignatureDoesNotMatch|InvalidSignature\w*|IncompleteSignature\w*|ExpiredToken\w*|MissingAuthentication\w*|AuthFailure)$/;

/** What time does to access keys: they take a while to come to life, and their use is noted late. */
export class Keys {
  readonly #times: KeyTimes;
  readonly #born = new Map<string, number>();
  readonly #used = new Map<string, Use>();

  constructor(times: KeyTimes) {
    this.#times = times;
  }

  /** The request as the services see it at `now`: signed by a key they have not heard of yet, where it is that young. */
  seen(call: Call, request: Request, now: number): Request {
    const born = call.caller === undefined ? undefined : this.#born.get(call.caller);
    if (call.caller === undefined || born === undefined || now - born >= this.#times.propagationMs) return request;
    const { authorization } = request.headers;
    return {
      ...request,
      url: request.url.replace(call.caller, UNKNOWN_KEY),
      headers: { ...request.headers, ...(authorization && { authorization: authorization.replace(call.caller, UNKNOWN_KEY) }) },
    };
  }

  /** Learns from an answer which keys came, went and were used. */
  learn(call: Call, answer: Answer, now: number): void {
    if (call.caller !== undefined) this.#noteUse(call, call.caller, answer, now);
    if (call.service !== 'iam' || answer.status >= 300) return;
    if (call.operation === 'CreateAccessKey') {
      const created = textOf(answer.body.toString(), 'AccessKeyId');
      if (created !== undefined) this.#born.set(created, now);
    }
    if (call.operation === 'DeleteAccessKey') {
      const deleted = call.form.get('AccessKeyId') ?? '';
      this.#born.delete(deleted);
      this.#used.delete(deleted);
    }
  }

  /** The answer of GetAccessKeyLastUsed with what was noted; the emulator's own says "never". */
  withLastUse(call: Call, xml: string): string {
    const use = this.#used.get(call.form.get('AccessKeyId') ?? '');
    if (!use) return xml;
    const date = `${new Date(use.at).toISOString().slice(0, 19)}Z`;
    const noted = `<LastUsedDate>${date}</LastUsedDate><ServiceName>${use.service}</ServiceName><Region>${use.region}</Region>`;
    return xml.replace(/<AccessKeyLastUsed>.*<\/AccessKeyLastUsed>/s, () => `<AccessKeyLastUsed>${noted}</AccessKeyLastUsed>`);
  }

  forget(): void {
    this.#born.clear();
    this.#used.clear();
  }

  /** A call that policies refuse is a use as well, one whose signature is refused is not. */
  #noteUse(call: Call, key: string, answer: Answer, now: number): void {
    if (answer.status >= 500 || NOT_AUTHENTICATED.test(errorCode(answer) ?? '')) return;
    const last = this.#used.get(key);
    if (last && now - last.at < this.#times.lastUsedLagMs) return;
    this.#used.set(key, { at: now, service: call.service, region: call.region });
  }
}
