import type { AwsCredentials } from '../../lib/client/signed-call.ts';
import type { Answer } from './api.ts';
import { consuming } from './consumer.ts';
import { factOf, type Next, say } from './facts.ts';
import type { Issued } from './issued.ts';
import { activeKeysOf, ownerTagsOf, readSecret } from './outside.ts';
import { LATER } from './people.ts';
import { type Shown, scene } from './report.ts';
import type { Stage } from './stage.ts';

/** Watches credentials pass on while the service that reads them works; `begin` makes the owners leave. */
export interface Watched {
  readonly credential: Issued;
  /** `team:IT`, `hr:149`. */
  readonly heir: string;
}

const watchedClaims = {
  consumer: 'the service that reads AWSCURRENT had not one call refused, and came to use another key',
  overlap: 'the leaver’s key works on for the overlap, beside the new one, and is refused after it',
  heirs: 'ownership went to the first above who may hold it',
  tags: 'the owner tags of user and secret say so, at IAM and at Secrets Manager',
  keys: 'IAM lists one active key, and it is none that the leaver knew',
};

async function watch(
  stage: Stage,
  all: readonly Watched[],
  { check, line }: Shown<keyof typeof watchedClaims>,
  begin: () => Promise<void>,
): Promise<readonly Answer[]> {
  const { company, credential, eventually, owner, refused } = stage;
  const before = await Promise.all(all.map(({ credential: one }) => ownerTagsOf(one)));
  const service = await company.signIn('service', 'handover');
  const consumers = all.map(({ credential: { secretName } }) => consuming(service, secretName, company.ordersUrl));
  try {
    await begin();
    const tooSoon = await Promise.all(
      all.map(async ({ credential: one }) => {
        await eventually(`${one.id} has a new key`, async () => (hasNewCurrent(await credential(one.id), one.key) ? true : undefined));
        const early = await refused(one.key);
        await stage.untilRefused(one);
        return early ? [one.person.email] : [];
      }),
    );
    check('overlap', tooSoon.flat().length === 0, `refused within the overlap: ${tooSoon.flat().join(', ')}`);
    const passed = await Promise.all(
      all.map(async ({ credential: one, heir }) => {
        const { id } = await owner(heir);
        return eventually(`${one.id} is ${heir}’s`, async () => {
          const now = await credential(one.id);
          return now.owner === id ? now : undefined;
        });
      }),
    );
    check('heirs', passed.length === all.length);
    for (const [index, { credential: one, heir }] of all.entries()) {
      line(`${one.person.email} (${one.profile}) → ${heir}`);
      const [ofUser, ofSecret] = await ownerTagsOf(one);
      check('tags', ofUser === ofSecret && ofUser !== before[index]?.[0] && ofUser !== '', `${one.userName}: ${ofUser}, ${ofSecret}`);
      const active = await activeKeysOf(one);
      check('keys', active.length === 1 && !active.includes(one.key.accessKeyId), `${one.userName}: ${active.length} active keys`);
    }
    return passed;
  } finally {
    const used = await Promise.all(consumers.map((stop) => stop()));
    const refusedCalls = used.reduce((sum, { refused: no }) => sum + no, 0);
    line(`${used.reduce((sum, { calls }) => sum + calls, 0)} calls of the service meanwhile, ${refusedCalls} refused`);
    check('consumer', refusedCalls === 0 && used.every(({ calls, keys }) => calls > 0 && keys.size > 1), `${refusedCalls} refused`);
  }
}

const hasNewCurrent = ({ keys }: Answer, old: AwsCredentials): boolean =>
  keys.some(({ phase, keyId }) => phase === 'current' && keyId !== old.accessKeyId);

const causeOf = ({ events }: Answer, wanted: string): string => events.find(({ type }) => type === wanted)?.cause ?? '';

/** April's leavers whose credentials pass on. `begin` says the export; the rotation begins with it, and waits for nobody's acceptance. */
export const aprilsSuccession = (stage: Stage, all: readonly Watched[], begin: () => Promise<void>) => {
  const claims = {
    ...watchedClaims,
    passedOver: 'who was passed over, and why, stands in the history: the programmers’ manager holds another job by now',
    accepted: 'a team accepts; nobody else can for it',
  };
  return scene(stage.report, 'April: what leavers held passes on', claims, async ({ check, line }) => {
    const { call, company } = stage;
    const passed = await watch(stage, all, { check, line }, begin);
    const [first] = passed;
    if (!first) throw new Error('nothing passes on');
    const cause = causeOf(first, 'ReplacementStarted');
    line(cause);
    check('passedOver', /passed over hr:102 as manager: not-eligible: AD_VP/.test(cause), cause);
    const accept = async (who: AwsCredentials) =>
      (await call(who, 'POST', `/v1/credentials/${first.id}/accept`, { reason: 'we run it' })).status;
    const early = first.events.some(({ type }) => type === 'SuccessionAccepted');
    const others = [await accept(await company.signIn('team', 'Sales')), await accept(stage.auditor)];
    const team = await accept(await company.signIn('team', 'IT'));
    check('accepted', !early && others.every((status) => status >= 400) && team === 202, `${others.join()}, ${team}`);
  });
};

/** An heir says no: it goes on up the chain, with new keys again, and to the steward in the end. */
export const heirRefuses = (stage: Stage, held: Issued, heirsEmail: string) => {
  const claims = {
    ...watchedClaims,
    heirs: 'a refusal goes on up the chain: nobody above may hold it, so the steward does',
    accepted: 'the steward accepts, and whoever refused is not asked again',
  };
  return scene(stage.report, 'An heir refuses', claims, async (shown) => {
    const { call, company } = stage;
    const service = await company.signIn('service', 'held');
    const key = (await readSecret(service, held.secretName)) ?? held.key; // the one the heir knows by now
    const heir = await company.signIn('person', heirsEmail);
    const begin = async (): Promise<void> => {
      const { status } = await call(heir, 'POST', `/v1/credentials/${held.id}/refuse`, { reason: 'not our system' });
      if (status !== 202) throw new Error(`the refusal: ${status}`);
    };
    const [passed] = await watch(stage, [{ credential: { ...held, key }, heir: 'team:security' }], shown, begin);
    const path = `/v1/credentials/${held.id}`;
    const accepted = await call(await company.signIn('team', 'security'), 'POST', `${path}/accept`, { reason: 'until there is an owner' });
    const again = await call(heir, 'POST', `${path}/refuse`, { reason: 'once more' });
    shown.check('accepted', passed !== undefined && accepted.status === 202 && again.status >= 400, `${accepted.status}, ${again.status}`);
  });
};

/** By word of HR, between two exports: a successor is named; later the leaver is back. */
export const namedSuccessor = (stage: Stage, held: Issued, heirsEmail: string, next: Next) => {
  const [, heir] = LATER.named;
  const claims = {
    ...watchedClaims,
    heirs: 'ownership went to the successor whom HR had named',
    returned: 'the leaver is back, in a new life: nothing comes back by itself, and the old key stays refused',
    anew: 'what the heir has now is the heir’s: the one who is back can’t change it',
  };
  return scene(stage.report, 'A leaver with a named successor, who returns', claims, async (shown) => {
    const { stack, company, call, credential, eventually, owner, refused } = stage;
    const desk = await company.signIn('hr-feed', 'desk');
    const tell = (type: 'Left' | 'Returned', successor?: string) =>
      say(desk, [factOf(stack.inboundBus, type, held.person, next(held.person.id), new Date(), successor)]);
    await watch(stage, [{ credential: held, heir: `hr:${heir}` }], shown, () => tell('Left', heir));
    await eventually('the offboarding is closed', async () => (await owner(`hr:${held.person.id}`)).convergence);
    await tell('Returned');
    const back = await eventually(`hr:${held.person.id} is back`, async () => {
      const now = await owner(`hr:${held.person.id}`);
      return now.status === 'active' ? now : undefined;
    });
    const { owner: holder } = await credential(held.id);
    const none = back.epoch > 0 && back.credentials.length === 0 && holder === (await owner(`hr:${heir}`)).id;
    shown.check('returned', none && (await refused(held.key)), `${back.credentials.length} credentials`);
    const me = await company.signIn('person', held.person.email);
    const rotated = await call(me, 'POST', `/v1/credentials/${held.id}/rotate`, { reason: 'it was mine' });
    const his = await call(await company.signIn('person', heirsEmail), 'GET', `/v1/credentials/${held.id}`);
    shown.check('anew', rotated.status === 404 && his.status === 200, `${rotated.status}, ${his.status}`);
  });
};

/** Both are said in one go: whoever is looked at first, the manager is passed over. */
export const managerLeavesToo = (stage: Stage, all: readonly Issued[], next: Next) =>
  scene(
    stage.report,
    'A manager leaves together with a report',
    { ...watchedClaims, heirs: 'the manager who left is passed over: the team holds both credentials' },
    async (shown) => {
      const { stack, company } = stage;
      const begin = async (): Promise<void> => {
        const facts = all.map(({ person }) => factOf(stack.inboundBus, 'Left', person, next(person.id), new Date()));
        await say(await company.signIn('hr-feed', 'desk'), facts);
      };
      await watch(
        stage,
        all.map((credential) => ({ credential, heir: 'team:Sales' })),
        shown,
        begin,
      );
    },
  );

/** Suspended at the leave, by its profile, and wanted back within the regret time. */
export const leaveIsRescinded = (stage: Stage, held: Issued, next: Next) =>
  scene(
    stage.report,
    'A leave that is rescinded',
    {
      suspended: 'suspended at the leave, and the key refused',
      tooSoon: 'while the owner is gone, nobody can resume it',
      nothing: 'the owner is back, and nothing comes back by itself',
      restored: 'one command restores it within the regret time: the same key is accepted',
    },
    async ({ check }) => {
      const { stack, company, eventually, owner, refused } = stage;
      const desk = await company.signIn('hr-feed', 'desk');
      const operator = await company.signIn('security', 'sking@example.com');
      const tell = (type: 'Left' | 'Returned') =>
        say(desk, [factOf(stack.inboundBus, type, held.person, next(held.person.id), new Date())]);
      const resume = () => stage.nhi(operator, 'credential', 'resume', held.id, '--reason', 'the leave was a mistake');
      await tell('Left');
      await stage.untilRefused(held);
      await stage.until(held.id, 'suspended');
      check('suspended', true);
      check('tooSoon', (await resume()).code !== 0);
      await tell('Returned');
      await eventually('the owner is back', async () => ((await owner(`hr:${held.person.id}`)).status === 'active' ? true : undefined));
      check('nothing', (await stage.credential(held.id)).status === 'suspended' && (await refused(held.key)));
      const resumed = await resume();
      await stage.until(held.id, 'active');
      await eventually('the key is accepted again', async () => ((await refused(held.key)) ? undefined : true));
      check('restored', resumed.code === 0, resumed.err);
    },
  );
