import { describe, expect, it } from 'vitest';
import type { CredentialAppend, Ledger } from '../../../lib/application/ports.ts';
import type { Command } from '../../../lib/domain/credential/decide.ts';
import { killListId } from '../../../lib/domain/deny-list.ts';
import { Fault } from '../../../lib/domain/faults.ts';
import { DAY_MS } from '../../given-policy.ts';
import { handOver } from '../domain/given.ts';
import { ID, type Worker, worker } from './worker.ts';

const HOUR_MS = 3_600_000;
const suspend: Command = { type: 'suspend', why: 'requested' };
const revoke: Command = { type: 'revoke', cause: 'requested' };
/** `operation` throws `error`, every time. */
const down = (here: Worker, errors: Readonly<Record<string, Error>>): void => {
  here.line.around = (name, act) => {
    const error = errors[name];
    if (error) throw error;
    return act();
  };
};
const throttled = new Fault('provider-throttled', true, 'provider-throttled: x');

describe('what the worker decides by itself', () => {
  it('a provisioning past its deadline is revoked', async () => {
    const here = await worker();
    here.later(HOUR_MS);
    await here.work();
    const [given] = (await here.ledger.events(ID)).filter(({ type }) => type === 'RevocationStarted');
    expect(given).toMatchObject({ cause: 'deadline', data: { cause: 'gave-up' }, actor: { id: 'work' } });
  });

  it('what is not replaced in time is suspended for good', async () => {
    const here = await worker();
    await here.active();
    await here.want({ type: 'replace' });
    here.later(900_000);
    await here.work();
    expect(await here.state()).toMatchObject({ status: 'suspended', why: 'not-replaced', ends: undefined });
  });

  it('what is not handed over in time is suspended until its regret time is over', async () => {
    const here = await worker();
    await here.active();
    await here.want(handOver({ to: await here.holderOf('hr:2'), line: here.holder.id, overlapMs: 0, regretMs: DAY_MS }));
    here.later(900_000);
    const atMs = here.now();
    await here.work();
    expect(await here.state()).toMatchObject({
      status: 'suspended',
      why: 'owner-left',
      ends: { atMs: atMs + DAY_MS, cause: 'owner-left' },
    });
    const [given] = (await here.ledger.events(ID)).filter(({ type }) => type === 'SuspensionStarted');
    expect(given?.cause).toBe('deadline');
  });

  it('an end that comes near is said', async () => {
    const here = await worker({}, 365 * DAY_MS);
    await here.active();
    here.later(335 * DAY_MS);
    down(here, { CreateAccessKey: throttled });
    await here.work();
    const said = (await here.ledger.events(ID)).filter(({ type }) => type === 'ExpiryApproaching');
    expect(said).toMatchObject([{ cause: 'time to live', data: { warning: 1 } }]);
  });
});

describe('a handover', () => {
  const handing = async () => {
    const here = await worker();
    await here.active();
    const bob = await here.holderOf('hr:2');
    await here.want(handOver({ to: bob, line: here.holder.id, overlapMs: 0 }));
    return { here, bob };
  };

  it('ends with the ownership, in the transaction that looks whether the heir is there', async () => {
    const { here, bob } = await handing();
    const appends: CredentialAppend[] = [];
    here.ledger.watch((append) => appends.push(append as CredentialAppend));
    await here.pass(3);
    expect(await here.state()).toMatchObject({ status: 'active', holder: bob, taggedFor: bob.id, succession: { from: here.holder } });
    expect([...here.provider.users.values()].map(({ ownerKey }) => ownerKey)).toEqual([bob.key]);
    expect([...here.provider.secrets.values()].map(({ ownerKey }) => ownerKey)).toEqual([bob.key]);
    const last = appends.find(({ envelopes }) => envelopes.some(({ type }) => type === 'CredentialHandedOver'));
    expect(last).toMatchObject({
      requires: bob,
      companions: [{ item: 'ownership', ownerId: bob.id, credentialId: ID }],
      envelopes: [{ cause: 'pass-on' }],
    });
  });

  it('to somebody who has left by then is not made', async () => {
    const { here } = await handing();
    await here.fact('Left', 'hr:2');
    await here.pass(3);
    expect(await here.state()).toMatchObject({ holder: here.holder, taggedFor: here.holder.id, replacement: { heir: { to: undefined } } });
    const [lost] = (await here.ledger.events(ID)).filter(({ type }) => type === 'HeirLost');
    expect(lost?.cause).toBe('the heir is not active');
  });

  it('that the ledger does not take is no lost heir', async () => {
    const { here } = await handing();
    const full: Ledger = {
      ...here.ledger,
      appendCredential: async (append) => {
        if (append.requires) throw new Fault('ledger-unreadable', false, 'out');
        return here.ledger.appendCredential(append);
      },
    };
    const turns = async (): Promise<void> => {
      for (let turn = 0; turn < 5; turn += 1, here.later(5_000)) await here.work(undefined, full);
    };
    await expect(turns()).rejects.toThrow('out');
    expect((await here.ledger.events(ID)).map(({ type }) => type)).not.toContain('HeirLost');
  });
});

describe('a deny', () => {
  const denying = async (errors: Readonly<Record<string, Error>>) => {
    const here = await worker();
    await here.active();
    await here.want(suspend);
    down(here, errors);
    return here;
  };

  it('is believed from when the record was read', async () => {
    const here = await denying({});
    await here.work();
    expect(await here.last()).toMatchObject({ type: 'AccessDenied', cause: 'deny', data: { startedAtMs: here.now() } });
    expect([...here.provider.users.values()].map(({ denied }) => denied)).toEqual([true]);
    expect([...here.provider.secrets.values()].map(({ readers }) => readers)).toEqual([['c']]); // for whoever is resumed
  });

  it('that the provider refuses closes the secret, and is tried again', async () => {
    const here = await denying({ PutUserPolicy: throttled });
    await here.work();
    expect(await here.state()).toMatchObject({
      ...{ status: 'suspended', deniedAtMs: undefined, secretClosedAtMs: here.now() },
      blocked: { step: 'deny', code: throttled.message },
    });
    expect([...here.provider.secrets.values()].map(({ readers }) => readers)).toEqual([[]]);
  });

  it('that nothing takes says why there is no deny, not why the secret is open', async () => {
    const here = await denying({ PutUserPolicy: throttled, PutResourcePolicy: new Fault('provider-refused', false, 'secret') });
    await here.work();
    expect(await here.state()).toMatchObject({ secretClosedAtMs: undefined, blocked: { step: 'deny', code: throttled.message } });
  });

  it.each([
    ['in the deny', { PutUserPolicy: new TypeError('defect') }],
    ['in the closing', { PutUserPolicy: throttled, PutResourcePolicy: new TypeError('defect') }],
  ])('hides no defect %s', async (_where, errors) => {
    const here = await denying(errors);
    await expect(here.work()).rejects.toThrow('defect');
    expect(await here.state()).toMatchObject({ secretClosedAtMs: undefined, blocked: undefined });
  });
});

describe('a verification', () => {
  it('of a value that is not there finds no key that works', async () => {
    const here = await worker();
    await here.work();
    for (const secret of here.provider.secrets.values()) secret.versions.clear();
    here.later(4_000);
    await here.work();
    expect(await here.state()).toMatchObject({ versions: [{ phase: 'stored', tries: 1 }] });
    expect(here.requests).not.toContain('GetCallerIdentity');
  });
});

describe('an absence', () => {
  const removed = async () => {
    const here = await worker();
    await here.active();
    here.later(60_000);
    await here.want(revoke);
    return here;
  };

  it('of user and secret is the end', async () => {
    const here = await removed();
    expect(await here.work()).toMatchObject({ end: 'rest', state: { status: 'revoked', receipt: { keyIds: ['AKIA1'] } } });
    expect(here.requests.filter((request) => request !== 'GetUser')).toEqual(
      expect.arrayContaining(['PutUserPolicy', 'UpdateAccessKey Inactive', 'DeleteSecret', 'DeleteUser', 'DescribeSecret']),
    );
  });

  it.each<[string, (here: Worker) => void]>([
    ['the user is back', (here) => void here.provider.users.set(here.grant.accountName, back(here))],
    [
      'the secret can be read',
      ({ provider }) => {
        for (const secret of provider.secrets.values()) secret.deletedAtMs = undefined;
      },
    ],
  ])('is none while %s', async (_what, tamper) => {
    const here = await removed();
    let gone = false;
    here.line.around = (name, act) => {
      const answer = act();
      if (name === 'DeleteUser' && !gone) {
        gone = true;
        tamper(here);
      }
      return answer;
    };
    await here.work();
    expect((await here.ledger.events(ID)).map(({ type }) => type)).toContain('PresenceFound');
    expect((await here.state()).status).toBe('revoking');
  });
});

describe('sessions of roles', () => {
  it.each([
    ['are denied with what they were assumed with', { mayAssume: ['arn:aws:iam::1:role/x'] }, 1],
    ['are not, where none may be assumed', {}, 0],
  ])('%s', async (_what, change, count) => {
    const here = await worker(change);
    await here.active();
    await here.want(suspend);
    await here.work();
    expect(here.wake.messages.filter(({ queue }) => queue === 'deny-list')).toEqual(
      Array.from({ length: count }, () => ({ queue: 'deny-list', id: killListId('1'), visibleAtMs: here.now() })),
    );
    expect(here.ledger.denyLists.get(killListId('1'))?.state.entries.map(({ key }) => key)).toEqual(count ? [ID] : undefined);
  });
});

/** A user of that name with the same tags. */
const back = (here: Worker) => ({
  ...{ credential: ID, path: '/nhi/', createdAtMs: here.now(), ownerKey: here.holder.key, denied: false, inGroup: true },
  ...{ attached: new Set<string>(), keys: new Map(), goneKeys: new Map() },
});
