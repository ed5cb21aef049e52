import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { memoryLedger } from '../../../lib/adapters/memory/ledger.ts';
import { envelop, firstBreak, NO_HASH } from '../../../lib/application/envelope.ts';
import type { Envelope } from '../../../lib/application/ports.ts';
import { appendCredential, command } from '../../../lib/application/record.ts';
import type { Command } from '../../../lib/domain/credential/decide.ts';
import type { CredentialEvent } from '../../../lib/domain/credential/events.ts';
import { dueAtMs } from '../../../lib/domain/credential/next-step.ts';
import type { CredentialId, EpochMs } from '../../../lib/domain/types.ts';
import { active, at, attempt, grant, holder, rotation, timing } from '../domain/given.ts';

const counted = () => {
  let count = 0;
  const next = () => {
    count += 1;
    return `${count}`.padStart(26, '0');
  };
  return { ulid: next, uuid: next };
};
const context = { actor: { kind: 'person', id: 'ann' }, cause: 'a test', correlationId: 'c', policyDigest: 'd' } as const;

const event: fc.Arbitrary<CredentialEvent> = fc.oneof(
  fc.nat().map((ms): CredentialEvent => ({ type: 'RotationRequested', atMs: at(ms) })),
  fc.nat().map((fence): CredentialEvent => ({ type: 'SecretEnsured', fence })),
  fc.record({ type: fc.constant('ApprovalGranted' as const), by: fc.constant(holder.id), reason: fc.string(), untilMs: fc.nat().map(at) }),
);
const chain: fc.Arbitrary<readonly Envelope[]> = fc
  .array(event, { minLength: 1, maxLength: 12 })
  .map((events) => envelop('cred_1', { version: 0, headHash: NO_HASH }, events, context, at(1_700_000_000_000), counted()));

/** Another value of the same field. */
const other = (value: unknown): unknown => {
  if (typeof value === 'number') return value + 1;
  if (typeof value === 'string') return `${value}x`;
  return { ...(value as object), tampered: true };
};

describe('a chain of events', () => {
  it('as it was made holds (1,000 runs)', () =>
    fc.assert(
      fc.property(chain, (made) => firstBreak(made) === undefined),
      { numRuns: 1_000 },
    ));

  it('breaks at the first envelope in which anything was changed (1,000 runs)', () =>
    fc.assert(
      fc.property(chain, fc.nat(), fc.nat(), (made, where, what) => {
        const index = where % made.length;
        const envelope = made[index];
        const fields = Object.keys(envelope ?? {}) as (keyof Envelope)[];
        const field = fields[what % fields.length];
        if (!envelope || !field) throw new Error('nothing to tamper with');
        const tampered = made.with(index, { ...envelope, [field]: other(envelope[field]) } as Envelope);
        expect(firstBreak(tampered)).toBe(index + 1);
      }),
      { numRuns: 1_000 },
    ));

  it.each<[string, (made: readonly Envelope[], at: number) => readonly Envelope[], number]>([
    ['one is missing', (made, index) => made.toSpliced(index, 1), 0],
    ['one comes twice', (made, index) => made.toSpliced(index, 0, made[index] as Envelope), 1],
    [
      'two have changed places',
      (made, index) => [...made.slice(0, index), ...made.slice(index, index + 2).reverse(), ...made.slice(index + 2)],
      0,
    ],
  ])('breaks where %s (1,000 runs)', (_what, change, after) =>
    fc.assert(
      fc.property(chain, fc.nat(), (made, where) => {
        fc.pre(made.length > 1);
        const index = where % (made.length - 1);
        expect(firstBreak(change(made, index))).toBe(index + 1 + after);
      }),
      { numRuns: 1_000 },
    ),
  );

  it('rewritten from one on, with right hashes, differs in its head', () => {
    const events: readonly CredentialEvent[] = [1, 2, 3].map((ms) => ({ type: 'RotationRequested', atMs: at(ms) }));
    const from = (first: readonly CredentialEvent[]) =>
      envelop('cred_1', { version: 0, headHash: NO_HASH }, first, context, at(0), counted()).at(-1)?.hash;
    expect(from(events.with(0, { type: 'RotationRequested', atMs: at(9) }))).not.toBe(from(events));
  });
});

describe('the due index', () => {
  const wanted: fc.Arbitrary<Command> = fc.constantFrom<Command[]>(
    { type: 'rotate' },
    { type: 'replace' },
    { type: 'look' },
    { type: 'suspend', why: 'requested' },
    { type: 'resume', holder },
    { type: 'revoke', cause: 'requested' },
    { type: 'start', step: 'create-version', attempt: attempt(2) },
    { type: 'start', step: 'recover', attempt: attempt(3) },
    { type: 'start', step: 'lift', attempt: attempt(4) },
  );

  it('shows a record exactly from the time on at which its plan wants to be looked at (1,000 runs)', () =>
    fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(wanted, fc.nat(200_000)), { maxLength: 12 }), async (moves) => {
        let nowMs: EpochMs = at(1_000);
        const ledger = memoryLedger();
        const ports = { ledger, clock: { now: () => nowMs }, ids: counted(), timing };
        const id = 'cred_1' as CredentialId;
        const asked = { type: 'CredentialRequested', id, holder, grant, rotation, requestedAtMs: nowMs, deadlineMs: at(9e12) } as const;
        const { state: given } = active();
        await appendCredential(ports, undefined, [asked], context);
        const made = ledger.credentials.get(id);
        if (made) (ledger.credentials as Map<CredentialId, typeof made>).set(id, { ...made, state: given, dueAtMs: dueAtMs(given, nowMs) });
        for (const [what, ms] of moves) {
          nowMs = at(nowMs + ms);
          await command(ports, id, what, context);
          const state = ledger.credentials.get(id)?.state;
          if (!state) throw new Error('it is gone');
          const due = dueAtMs(state, nowMs);
          const seen = async (when: number) => (await ledger.due('aws-iam-user', at(when), 10)).length;
          expect(await seen(8e14)).toBe(due === undefined ? 0 : 1);
          const kept = ledger.credentials.get(id)?.dueAtMs;
          if (kept !== undefined) expect([await seen(kept - 1), await seen(kept)]).toEqual([0, 1]);
          expect(kept ?? 0).toBeLessThanOrEqual(Math.max(due ?? 0, nowMs));
        }
      }),
      { numRuns: 1_000 },
    ));
});
