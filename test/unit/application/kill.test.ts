import { beforeEach, describe, expect, it } from 'vitest';
import { KILL_CAPACITY, killListId, listed, newDenyList } from '../../../lib/domain/deny-list.ts';
import { Fault } from '../../../lib/domain/faults.ts';
import type { CredentialId } from '../../../lib/domain/types.ts';
import { type Company, company, person, SECOND, SECURITY, statuses } from './killing.ts';

let here: Company;
beforeEach(async () => {
  here = company();
  for (const subject of ['1', '2', '3', '4', '900', '901']) await here.fact(subject, 'Joined', 1);
  for (const key of ['a', 'b', 'c']) await here.request('1', key);
  await here.request('2', 'd');
  await here.pass(60_000);
  expect(statuses(here)).toEqual(['active', 'active', 'active', 'active']);
});

describe('a kill', () => {
  it('ends all access of the owner by one call, whatever the number of credentials, and nobody else’s', async () => {
    await here.kill(SECURITY, '1');
    await here.run(['deny-list']); // the owner's passes have not begun
    expect(here.calls).toEqual([`render ${here.keyOf('1')}`]);
    expect(here.working()).toHaveLength(1);
  });

  it('then gives each credential its own deny, and only after that takes the owner off the list', async () => {
    await here.kill(SECURITY, '1');
    await here.run();
    expect(statuses(here)).toEqual(['killed', 'killed', 'killed', 'active']);
    expect(here.world.killVersions.at(-1)).toEqual([here.keyOf('1')]);
    await here.pass(115_000); // found denied after a minute, and looked at once more: a provider knows no order between the two
    expect(here.world.killVersions.at(-1)).toEqual([here.keyOf('1')]);
    await here.pass(5_000);
    expect(here.world.killVersions).toEqual([[]]);
    expect(here.working()).toHaveLength(1);
    expect(here.owner('1')).toMatchObject({ killed: { reason: 'laptop stolen', confirmed: true }, killWork: undefined });
  });

  it('keeps the owner on the list while one credential can’t be denied', async () => {
    const [stuck] = here.credentials();
    const deny = here.iam.deny;
    here.iam.deny = async (credential) => {
      if (credential.id === stuck?.id) throw new Fault('provider-throttled', true, 'PutUserPolicy');
      return deny(credential);
    };
    await here.kill(SECURITY, '1');
    await here.pass(600_000);
    expect(here.world.killVersions.at(-1)).toEqual([here.keyOf('1')]);
    expect(here.working()).toHaveLength(1);
    here.iam.deny = deny;
    await here.pass(1_800_000);
    expect(here.world.killVersions.at(-1)).toEqual([]);
  });

  it('lets nothing start, resume or be received', async () => {
    await here.kill(SECURITY, '1');
    await here.run();
    expect(await here.request('1', 'new')).toMatchObject({ ok: false, why: 'owner-not-active' });
    const [first] = here.credentials();
    const resumed = await here.change(SECURITY, 'arn', first?.id as CredentialId, { verb: 'resume', reason: 'please' });
    expect(resumed).toMatchObject({ ok: false, why: 'owner-not-active' });
  });

  it('writes nothing for a page that was read before it was lifted, however late that page goes on', async () => {
    const { heldBy } = here.ledger;
    let stale = true;
    Object.assign(here.ledger, {
      heldBy: async (...asked: Parameters<typeof heldBy>) => {
        const page = await heldBy(...asked);
        if (stale) {
          stale = false;
          await here.unkill(SECURITY, '1');
          await here.pass(3_600_000);
          expect(here.owner('1')).toMatchObject({ killed: undefined, killWork: undefined });
        }
        return page;
      },
    });
    await here.kill(SECURITY, '1');
    await here.pass(3_600_000);
    expect([stale, statuses(here)]).toEqual([false, ['active', 'active', 'active', 'active']]);
  });

  it('keeps the owner on the list while a record can’t be read: its key has no deny of its own', async () => {
    const [bad] = here.credentials();
    if (!bad) throw new Error('nothing there');
    here.ledger.damaged.add(bad.id);
    await here.kill(SECURITY, '1');
    await here.pass(600_000);
    expect(here.world.killVersions.at(-1)).toEqual([here.keyOf('1')]);
    expect(here.working()).toHaveLength(1);
    here.ledger.damaged.delete(bad.id);
    await here.pass(7_200_000);
    expect([here.world.killVersions.at(-1), here.working().length]).toEqual([[], 1]);
  });

  it('of two owners at once: neither overwrites the other, and one who is added while the list is rendered is not lost', async () => {
    const render = here.killPolicy.render;
    let once = false;
    here.killPolicy.render = async (keys, isHeld) => {
      if (!once) {
        once = true;
        await here.kill(SECOND, '2');
      }
      return render(keys, isHeld);
    };
    await here.kill(SECURITY, '1');
    await here.run(['deny-list']);
    expect(here.working()).toEqual([]);
  });

  it('ends what is still being made', async () => {
    await here.request('1', 'late');
    await here.kill(SECURITY, '1');
    await here.pass(600_000);
    expect(statuses(here)).toEqual(['killed', 'killed', 'killed', 'active', 'revoked']);
  });

  it('reaches who left already, and whoever is killed may leave: nothing is handed on or comes back', async () => {
    await here.fact('1', 'Left', 2);
    expect(await here.kill(SECURITY, '1')).toMatchObject({ ok: true, owner: { status: 'left' } });
    await here.pass(1_800_000);
    expect(statuses(here)).toEqual(['revoked', 'revoked', 'revoked', 'active']);
  });

  it('that finds no room on the list cuts off credential by credential, says so, and is lifted as any other', async () => {
    const id = killListId('000000000000');
    const others = Array.from({ length: 150 }, (_, n) => `00000000-0000-4000-9000-${`${n}`.padStart(12, '0')}`);
    const full = others.reduce((list, key) => listed(list, key, here.now()), newDenyList(id, '000000000000', KILL_CAPACITY));
    await here.ledger.putDenyList(0, full, here.now());
    await here.kill(SECURITY, '1');
    await here.run();
    expect(here.world.killVersions.at(-1)).not.toContain(here.keyOf('1'));
    expect(here.working()).toHaveLength(1);
    const entryOf = async () => (await here.ledger.denyList(id))?.state.entries.find(({ key }) => key === here.keyOf('1'));
    expect(await entryOf()).toMatchObject({ inEffectAtMs: undefined });
    await here.pass(300_000);
    expect([await entryOf(), here.owner('1')?.killWork]).toEqual([undefined, undefined]);
    await here.unkill(SECURITY, '1');
    await here.pass(600_000);
    expect(here.working()).toHaveLength(4);
  });

  it('needs the right to operate, a known owner, and happens once', async () => {
    expect(await here.kill(person('2', ['request']), '1')).toMatchObject({ ok: false, why: 'right-missing' });
    expect(await here.kill(SECURITY, '77')).toMatchObject({ ok: false, why: 'not-found', field: 'owner', value: 'hr:77' });
    expect(await here.kill(SECURITY, '1')).toMatchObject({ ok: true });
    expect(await here.kill(SECOND, '1')).toMatchObject({ ok: false, why: 'already-killed' });
  });

  it('beyond one person’s allowance is carried out all the same, and waits for another to confirm it', async () => {
    await here.kill(SECURITY, '1');
    await here.kill(SECURITY, '2');
    expect(await here.kill(SECURITY, '3')).toMatchObject({ ok: true, owner: { killed: { confirmed: false } } });
    expect(await here.kill(SECURITY, '3')).toMatchObject({ ok: false, why: 'already-killed' });
    expect(await here.kill(SECOND, '3')).toMatchObject({ ok: true, owner: { killed: { confirmed: true } } });
    expect(await here.kill(SECOND, '4')).toMatchObject({ ok: true, owner: { killed: { confirmed: true } } });
  });
});

describe('an answer that is lost', () => {
  it('is looked into when the call can land no later: a stale list that lands over a newer one is rendered over', async () => {
    const render = here.killPolicy.render;
    here.killPolicy.render = async () => {
      throw new Fault('provider-unknown', true, 'CreatePolicyVersion');
    };
    await here.kill(SECURITY, '1');
    await here.run(['deny-list']);
    here.killPolicy.render = render;
    await here.kill(SECOND, '2');
    await here.pass(25_000);
    expect(here.working()).toEqual([]);
    here.world.killVersions.push([here.keyOf('1')]); // the first call, late
    await here.pass(90_000);
    expect(here.calls).toContain('check');
    expect(here.working()).toEqual([]);
  });

  it('of a refusal, e.g. with the control plane out: the denies go on, and the list when it can', async () => {
    const render = here.killPolicy.render;
    here.killPolicy.render = async () => {
      throw new Fault('provider-throttled', true, 'CreatePolicyVersion');
    };
    await here.kill(SECURITY, '1');
    await here.pass(30_000);
    expect([...here.ledger.denyLists.values()][0]?.state).toMatchObject({ blocked: { code: expect.stringContaining('throttled') } });
    expect(here.working()).toHaveLength(1);
    here.killPolicy.render = render;
    await here.pass(300_000);
    expect(here.owner('1')?.killWork).toBeUndefined();
  });
});

describe('with the control plane of the provider out', () => {
  it('nobody reads the secrets any more; the record says that the deny is pending, and lifted, the consumers read again', async () => {
    const { deny } = here.iam;
    const render = here.killPolicy.render;
    here.killPolicy.render = async () => {
      throw new Fault('provider-unknown', true, 'CreatePolicyVersion: ServiceUnavailable');
    };
    here.iam.deny = async () => {
      throw new Fault('provider-unknown', true, 'PutUserPolicy: ServiceUnavailable');
    };
    const readers = () => [...here.world.secrets.values()].map((secret) => secret.readers.join());
    await here.kill(SECURITY, '1');
    await here.pass(10_000);
    expect(readers()).toEqual(['', '', '', 'c']);
    expect(here.credentials()[0]).toMatchObject({ status: 'suspended', deniedAtMs: undefined, secretClosedAtMs: expect.any(Number) });
    here.iam.deny = deny;
    here.killPolicy.render = render;
    await here.pass(600_000);
    expect(here.working()).toHaveLength(1);
    await here.unkill(SECURITY, '1');
    await here.pass(600_000);
    expect(statuses(here)).toEqual(['active', 'active', 'active', 'active']);
    expect(readers()).toEqual(['c', 'c', 'c', 'c']);
  });
});

describe('the lifting of a kill', () => {
  it('brings back what the kill suspended, the owner off the list first, and nothing else', async () => {
    const [, second] = here.credentials();
    await here.change(SECURITY, 'arn', second?.id as CredentialId, { verb: 'suspend', reason: 'looks odd' });
    await here.run();
    await here.kill(SECURITY, '1');
    await here.run();
    await here.unkill(SECURITY, '1');
    for (let n = 0; n < 200; n += 1) {
      await here.pass(5_000);
      const active = here.credentials().filter(({ status }) => status === 'active');
      expect(here.working().length).toBeGreaterThanOrEqual(active.length); // active is never said too early
    }
    expect(statuses(here)).toEqual(['active', 'requested', 'active', 'active']);
    expect(here.owner('1')).toMatchObject({ killed: undefined, killWork: undefined });
    expect(here.working()).toHaveLength(3);
  });

  it('brings nothing back while the provider still denies the owner as such', async () => {
    const render = here.killPolicy.render;
    await here.kill(SECURITY, '1');
    await here.run();
    here.killPolicy.render = async () => {
      throw new Fault('provider-throttled', true, 'CreatePolicyVersion');
    };
    await here.unkill(SECURITY, '1');
    await here.pass(1_200_000);
    expect(statuses(here)).toEqual(['killed', 'killed', 'killed', 'active']);
    expect(here.owner('1')?.killWork?.phase).toBe('unlist');
    here.killPolicy.render = render;
    await here.pass(1_800_000);
    expect(statuses(here)).toEqual(['active', 'active', 'active', 'active']);
  });

  it('is not for the killed owner, and not for who isn’t killed', async () => {
    const self = person('1', ['operate']);
    expect(await here.unkill(SECURITY, '1')).toMatchObject({ ok: false, why: 'not-killed' });
    await here.kill(self, '1');
    expect(await here.unkill(self, '1')).toMatchObject({ ok: false, why: 'own-kill' });
    expect(await here.unkill(SECOND, '1')).toMatchObject({ ok: true });
  });

  it('is overtaken by another kill', async () => {
    await here.kill(SECURITY, '1');
    await here.pass(10_000);
    await here.unkill(SECURITY, '1');
    await here.pass(20_000);
    expect(await here.kill(SECOND, '1')).toMatchObject({ ok: true });
    await here.pass(1_200_000);
    expect(statuses(here)).toEqual(['killed', 'killed', 'killed', 'active']);
    expect(here.working()).toHaveLength(1);
  });

  it('brings nothing back to who has left meanwhile', async () => {
    await here.kill(SECURITY, '1');
    await here.pass(120_000);
    await here.fact('1', 'Left', 2);
    await here.unkill(SECURITY, '1');
    await here.pass(1_800_000);
    expect(statuses(here)).toEqual(['revoked', 'revoked', 'revoked', 'active']);
  });
});
