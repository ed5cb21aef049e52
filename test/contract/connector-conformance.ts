import { setTimeout as sleep } from 'node:timers/promises';
import { ulid } from 'ulid';
import { beforeAll, describe, expect, it } from 'vitest';
import { grantFor } from '../../lib/application/naming.ts';
import type { Connector } from '../../lib/application/ports.ts';
import { type ConnectorKind, capabilitiesOf } from '../../lib/domain/credential/capabilities.ts';
import { decide } from '../../lib/domain/credential/decide.ts';
import { evolve } from '../../lib/domain/credential/evolve.ts';
import type { Credential, Holder } from '../../lib/domain/credential/state.ts';
import { DEFAULT_TIMING } from '../../lib/domain/timing.ts';
import type { AttemptId, CredentialId, EpochMs, OwnerId, OwnerKey } from '../../lib/domain/types.ts';
import { rotation } from '../unit/domain/given.ts';

export const ACCOUNT = '000000000000';

/** A connector to hold to the contract, and what the suite has to know of the provider behind it. */
export interface Candidate {
  readonly connector: Connector;
  /** The next call of that member takes effect, and its answer is lost. */
  loseAnswer(member: keyof Connector): Promise<void>;
  /** From here on no answer is lost. */
  calm(): Promise<void>;
  isDenied(credential: Credential): Promise<boolean>;
  /** Whose it is, as the provider has it. */
  ownerOf(credential: Credential): Promise<string | undefined>;
  /** How long a new version is refused, or not listed, at most. */
  readonly propagationMs: number;
}

export const attempt = (): AttemptId => crypto.randomUUID() as AttemptId;

/** A credential as it is on record when a step begins, with these attempts made. */
export function credentialOf(kind: ConnectorKind, ...attempts: readonly AttemptId[]): Credential {
  const id = `cred_${ulid()}` as CredentialId;
  const asked = { profile: 'p', purpose: 'a contract', environment: 'dev', consumers: [] };
  const token = kind === 'api-token' ? { scopes: ['orders:read'], outlivesLeave: false } : undefined;
  const grant = grantFor(id, kind, ACCOUNT, asked, { token });
  const holder = { id: 'own_1' as OwnerId, key: 'k1' as OwnerKey, epoch: 0 };
  const decision = decide(undefined, { type: 'request', id, holder, grant, rotation }, 0 as EpochMs, DEFAULT_TIMING);
  const state = decision.ok ? decision.events.reduce<Credential | undefined>(evolve, undefined) : undefined;
  if (!state) throw new Error('no credential');
  return { ...state, attempts };
}

/** What every connector must do, whatever it speaks to; where kinds differ, they differ by what they declare. */
export function conforms(kind: ConnectorKind, make: () => Candidate): void {
  const can = capabilitiesOf({ connector: kind });
  let candidate: Candidate;
  let connector: Connector;
  beforeAll(() => {
    candidate = make();
    ({ connector } = candidate);
  });
  const settled = () => sleep(candidate.propagationMs + 200);
  const withAccount = async (): Promise<Credential> => {
    const made = credentialOf(kind);
    await connector.ensureAccount(made);
    return made;
  };
  const later = (credential: Credential, steps = 1): Credential => ({ ...credential, fence: credential.fence + steps });

  describe('an account', () => {
    it('is made once', async () => {
      const made = credentialOf(kind);
      expect(await connector.accountExists(made)).toBe(false);
      await connector.ensureAccount(made);
      await connector.ensureAccount(made);
      expect(await connector.accountExists(made)).toBe(true);
      expect(await connector.listVersions(made)).toEqual([]);
      expect(await candidate.isDenied(made)).toBe(false);
    });

    it('is denied, and that taken off, however often', async () => {
      const made = await withAccount();
      for (const denied of [true, true, false, false, true]) {
        await (denied ? connector.deny(made) : connector.lift(made));
        expect(await candidate.isDenied(made)).toBe(denied);
      }
    });

    it('passes to another owner', async () => {
      const made = await withAccount();
      const before = await candidate.ownerOf(made);
      const heir: Holder = { id: 'own_2' as OwnerId, key: 'k2' as OwnerKey, epoch: 3 };
      await connector.tagOwner(made, heir);
      await connector.tagOwner(made, heir);
      const after = await candidate.ownerOf(made);
      expect(after).toBeDefined();
      expect(after).not.toBe(before);
    });

    it('is removed with all it has; and nothing is wrong with what is not there', async () => {
      const made = await withAccount();
      const { keyId } = await connector.createVersion(made, attempt());
      await settled();
      await connector.deny(made);
      expect(await connector.removeAccount(made)).toBe(true);
      expect(await connector.accountExists(made)).toBe(false);
      await connector.deny(made);
      await connector.disableVersion(made, keyId);
      await connector.deleteVersion(made, keyId);
      expect(await connector.listVersions(made)).toEqual([]);
      expect(await connector.removeAccount(made)).toBe(true);
      await expect(connector.createVersion(made, attempt())).rejects.toMatchObject({ code: 'provider-refused' });
    });
  });

  describe('a version', () => {
    it('works at the latest after a while, until it is disabled, and again when it is enabled', async () => {
      const made = await withAccount();
      const { keyId, body } = await connector.createVersion(made, attempt());
      expect(`${body}${JSON.stringify(body)}`).not.toContain(keyId); // a secret shows nothing
      if (can.usableAfterMs === 0) expect(await connector.verify(body)).toBe(true);
      await settled();
      expect(await connector.verify(body)).toBe(true);
      expect(await connector.listVersions(made)).toEqual([keyId]);
      for (let times = 0; times < 2; times += 1) await connector.disableVersion(made, keyId);
      expect(await connector.verify(body)).toBe(false);
      expect(await connector.listVersions(made)).toEqual([keyId]); // disabled ones are listed, and count
      expect(await connector.enableVersion(made, keyId)).toBe(true);
      expect(await connector.verify(body)).toBe(true);
      await connector.deleteVersion(made, keyId);
      expect(await connector.enableVersion(made, keyId)).toBe(false);
      expect(await connector.verify(body)).toBe(false);
    });

    it('lives beside another one, and there is no third', async () => {
      const made = await withAccount();
      const first = await connector.createVersion(made, attempt());
      const second = await connector.createVersion(made, attempt());
      await settled();
      expect([await connector.verify(first.body), await connector.verify(second.body)]).toEqual([true, true]);
      await expect(connector.createVersion(made, attempt())).rejects.toMatchObject({ code: 'key-quota' });
      await connector.deleteVersion(made, first.keyId);
      await connector.createVersion(made, attempt());
    });

    it('is known by its stored value, so that it can be adopted', async () => {
      const made = await withAccount();
      const { keyId, body } = await connector.createVersion(made, attempt());
      expect(connector.keyIdOf(body)).toBe(keyId);
    });

    it(can.usageEvidence ? 'tells when it was last used, our own verification included' : 'tells nothing of its use', async () => {
      const made = await withAccount();
      const { keyId, body } = await connector.createVersion(made, attempt());
      expect(await connector.lastUsed(made, keyId)).toBeUndefined();
      await settled();
      const beforeMs = Date.now();
      await connector.verify(body);
      const usedAtMs = await connector.lastUsed(made, keyId);
      if (can.usageEvidence)
        expect(Math.abs((usedAtMs ?? 0) - beforeMs)).toBeLessThan(5_000); // to the second
      else expect(usedAtMs).toBeUndefined();
      await connector.deleteVersion(made, keyId);
      expect(await connector.lastUsed(made, keyId)).toBeUndefined();
    });

    if (can.idempotentCreate) {
      it('is made again under its attempt: one version, and the last value counts', async () => {
        const made = await withAccount();
        const one = attempt();
        const first = await connector.createVersion(made, one);
        const again = await connector.createVersion(later(made), one);
        expect(again.keyId).toBe(first.keyId);
        expect(await connector.listVersions(made)).toEqual([again.keyId]);
        expect([await connector.verify(first.body), await connector.verify(again.body)]).toEqual([false, true]);
      });

      it('is not made, nor access given back, by a call that comes after a later step', async () => {
        const made = await withAccount();
        const [one, two] = [attempt(), attempt()];
        const { keyId } = await connector.createVersion(later(made, 1), one);
        await connector.disableVersion(later(made, 3), keyId);
        await connector.deny(later(made, 3));
        const late = { code: 'provider-refused', message: expect.stringContaining('a later step was there') };
        await expect(connector.createVersion(later(made, 2), two)).rejects.toMatchObject(late);
        await expect(connector.enableVersion(later(made, 2), keyId)).rejects.toMatchObject(late);
        await expect(connector.lift(later(made, 2))).rejects.toMatchObject(late);
        await expect(connector.tagOwner(later(made, 2), made.holder)).rejects.toMatchObject(late);
        expect(await candidate.isDenied(made)).toBe(true);
        await connector.deleteVersion(made, keyId); // what takes away is never too late
        expect(await connector.listVersions(made)).toEqual([]);
      });
    } else
      it('is another one when it is made again: a creation must not be repeated', async () => {
        const made = await withAccount();
        const one = attempt();
        const first = await connector.createVersion(made, one);
        const again = await connector.createVersion(made, one);
        expect(again.keyId).not.toBe(first.keyId);
        await settled();
        expect(await connector.listVersions(made)).toHaveLength(2);
      });
  });

  describe('an answer that is lost', () => {
    it.each(['ensureAccount', 'deny', 'removeAccount'] as const)('of %s: it is done, and done again it is the same', async (member) => {
      const made = member === 'ensureAccount' ? credentialOf(kind) : await withAccount();
      await candidate.loseAnswer(member);
      await expect(connector[member](made)).rejects.toMatchObject({ code: 'provider-unknown', retryable: true });
      await candidate.calm();
      await connector[member](made);
      expect(await connector.accountExists(made)).toBe(member !== 'removeAccount');
      if (member === 'deny') expect(await candidate.isDenied(made)).toBe(true);
    });

    it.each(['disableVersion', 'deleteVersion'] as const)('of %s: it is done, and done again it is the same', async (member) => {
      const made = await withAccount();
      const { keyId, body } = await connector.createVersion(made, attempt());
      await settled();
      await candidate.loseAnswer(member);
      await expect(connector[member](made, keyId)).rejects.toMatchObject({ code: 'provider-unknown' });
      await candidate.calm();
      await connector[member](made, keyId);
      expect(await connector.verify(body)).toBe(false);
      expect(await connector.listVersions(made)).toEqual(member === 'disableVersion' ? [keyId] : []);
    });

    it('of createVersion: asked once, there is one version, which a look finds', async () => {
      const made = await withAccount();
      const one = attempt();
      await candidate.loseAnswer('createVersion');
      await expect(connector.createVersion(made, one)).rejects.toMatchObject({ code: 'provider-unknown' });
      await candidate.calm();
      await settled();
      expect(await connector.listVersions(made)).toHaveLength(1);
      if (!can.idempotentCreate) return;
      const again = await connector.createVersion(later(made), one);
      expect(await connector.listVersions(made)).toEqual([again.keyId]);
      expect(await connector.verify(again.body)).toBe(true);
    });
  });
}
