import { type AttemptId, type KeyId, plusMs } from '../../lib/domain/types.ts';
import { type Answer, type Call, type Key, ROTATION, type SecretVersions, type World } from './world.ts';

/** Whether a signed call with the key is accepted. */
export const works = ({ user, kill, owners }: World, key: Key | undefined): boolean =>
  key?.active === true && !key.fresh && !key.dead && user?.denied === false && !kill?.policy.includes(owners[user.tag].key);

/** The key a consumer finds. */
export const servedKey = ({ secret, keys }: World): Key | undefined => {
  const value = secret?.deleted === false ? secret.values.find(({ attempt }) => attempt === secret.current) : undefined;
  return keys.find(({ keyId }) => keyId === value?.keyId);
};

const ANSWER = { no: undefined, keyIds: [], stored: [], label: undefined, is: true } as const;
const refuse = (world: World, no: string): readonly [World, Answer] => [world, { no }];
const MAX_KEYS = 2;

/** What a call does, and says; the provider as its documentation has it. `missed`: the listing does not show what is fresh. */
export function perform(world: World, call: Call, missed = false): readonly [World, Answer] {
  const { user, secret, keys } = world;
  const done = (change: Partial<World>): readonly [World, Answer] => [{ ...world, ...change }, ANSWER];
  const listed = missed ? keys.filter(({ fresh }) => !fresh) : keys;
  switch (call.call) {
    case 'create-user':
      return user ? [world, ANSWER] : done({ user: { tag: call.tag, denied: false } });
    case 'create-secret': {
      if (secret?.deleted) return refuse(world, 'provider-refused');
      const empty: SecretVersions = { tag: call.tag, deleted: false, shared: false, values: [], current: undefined, pending: undefined };
      return secret ? [world, ANSWER] : done({ secret: empty });
    }
    case 'create-key': {
      if (!user) return refuse(world, 'provider-refused');
      if (keys.length >= MAX_KEYS) return refuse(world, 'key-quota');
      const keyId = nameOf(keys, call.attempt);
      const key: Key = {
        keyId,
        attempt: call.attempt,
        active: true,
        fresh: true,
        dead: false,
        served: false,
        knows: world.kill && call.knows,
        heldUntilMs: undefined,
        keptUntilMs: undefined,
      };
      return [
        { ...world, keys: [...keys, key] },
        { ...ANSWER, keyIds: [keyId] },
      ];
    }
    case 'put': {
      if (!secret || secret.deleted) return refuse(world, 'provider-refused');
      const { attempt, keyId } = call;
      if (secret.values.some((value) => value.attempt === attempt)) return [world, ANSWER];
      const values = [...secret.values, { attempt, keyId }];
      return done({ secret: { ...secret, values, pending: attempt, current: secret.current ?? attempt } });
    }
    case 'verify': {
      const value = secret?.deleted === false ? secret.values.find(({ attempt }) => attempt === call.attempt) : undefined;
      const key = keys.find(({ keyId }) => keyId === value?.keyId);
      return [world, { ...ANSWER, is: key?.active === true && !key.fresh && !key.dead }]; // a deny does not stop GetCallerIdentity
    }
    case 'describe':
      return secret && !secret.deleted ? [world, { ...ANSWER, label: secret.current }] : refuse(world, 'provider-refused');
    case 'try-label': {
      const [after, answer] = perform(world, { ...call, call: 'move-label' });
      return answer.no === undefined ? [after, answer] : [world, { ...ANSWER, is: false }];
    }
    case 'move-label': {
      if (!secret || secret.deleted || !secret.values.some(({ attempt }) => attempt === call.to)) return refuse(world, 'provider-refused');
      if (secret.current !== call.from) return refuse(world, 'provider-refused');
      return done({
        secret: { ...secret, current: call.to },
        keys: keys.map((key) => (key.attempt === call.from ? held(key, world) : key)),
      });
    }
    case 'drop-pending':
      return done(secret && secret.pending === call.attempt ? { secret: { ...secret, pending: undefined } } : {});
    case 'share':
      return secret && !secret.deleted ? done({ secret: { ...secret, shared: true } }) : refuse(world, 'provider-refused');
    case 'close':
      return secret && !secret.deleted ? done({ secret: { ...secret, shared: false } }) : refuse(world, 'provider-refused');
    case 'render':
      return done({ kill: world.kill && { ...world.kill, policy: call.keys } });
    case 'list':
      return [world, { ...ANSWER, keyIds: listed.map(({ keyId }) => keyId) }];
    case 'look': {
      const readable = secret?.deleted === false ? secret.values : [];
      const stored = readable.filter(({ attempt }) => call.attempts.includes(attempt));
      return [world, { ...ANSWER, keyIds: listed.map(({ keyId }) => keyId), stored, label: pendingOf(secret) }];
    }
    case 'pending':
      return [world, { ...ANSWER, label: pendingOf(secret) }];
    case 'disable':
      return done({
        keys: keys.map((key) =>
          key.keyId === call.keyId && key.active ? { ...key, active: false, keptUntilMs: plusMs(world.nowMs, ROTATION.regretMs) } : key,
        ),
      });
    case 'enable':
      return [
        { ...world, keys: keys.map((key) => (key.keyId === call.keyId ? { ...key, active: true, keptUntilMs: undefined } : key)) },
        { ...ANSWER, is: keys.some(({ keyId }) => keyId === call.keyId) },
      ];
    case 'delete-key':
      return done({ keys: keys.filter(({ keyId }) => keyId !== call.keyId), flaw: world.flaw ?? deletedTooEarly(world, call.keyId) });
    case 'last-used':
      return [world, ANSWER];
    case 'deny':
      return user ? done({ user: { ...user, denied: true } }) : [world, ANSWER];
    case 'undeny':
      return user ? done({ user: { ...user, denied: false } }) : [world, ANSWER];
    case 'tag-user': {
      if (!user) return refuse(world, 'provider-refused');
      return done({ user: { ...user, tag: call.to } });
    }
    case 'tag-secret':
      return secret && !secret.deleted ? done({ secret: { ...secret, tag: call.to } }) : refuse(world, 'provider-refused');
    case 'delete-secret':
      return done(secret ? { secret: { ...secret, deleted: true, shared: false } } : {});
    case 'empty-user':
      return done({ keys: keys.filter((key) => !listed.includes(key)) });
    case 'delete-user':
      if (!user) return [world, ANSWER];
      return keys.length > 0 ? [world, { ...ANSWER, is: false }] : done({ user: undefined }); // DeleteConflict
    case 'exists':
      return [world, { ...ANSWER, is: user !== undefined || secret?.deleted === false }];
  }
}

/** Where AWSPENDING is, unless AWSCURRENT is there as well. */
export const pendingOf = (secret: SecretVersions | undefined): AttemptId | undefined =>
  secret && !secret.deleted && secret.pending !== secret.current ? secret.pending : undefined;

/** One key an attempt, unless something repeats the call. */
const nameOf = (keys: readonly Key[], attempt: AttemptId): KeyId => {
  const keyId = `k${attempt.slice(1)}` as KeyId;
  return keys.some((key) => key.keyId === keyId) ? (`${keyId}b` as KeyId) : keyId;
};

const held = (key: Key, { nowMs }: World): Key => ({ ...key, heldUntilMs: plusMs(nowMs, ROTATION.overlapMs) });

/** A key that consumers had is deleted only after it was disabled and regretted; excepted one that somebody knows who may no longer. */
function deletedTooEarly({ keys, record, burnt, nowMs }: World, keyId: KeyId): string | undefined {
  const key = keys.find((one) => one.keyId === keyId);
  if (!key?.served || record.status === 'revoking' || record.status === 'revoked' || burnt.includes(key.attempt)) return undefined;
  return key.keptUntilMs === undefined || key.keptUntilMs > nowMs ? '5 deleted before it was disabled and regretted' : undefined;
}

/** Marks what consumers find now: from here on it counts as a key they had. */
export function serving(world: World): World {
  const found = world.secret?.shared ? servedKey(world) : undefined;
  if (!found || found.served) return world;
  return { ...world, keys: world.keys.map((key) => (key === found ? { ...key, served: true } : key)) };
}
