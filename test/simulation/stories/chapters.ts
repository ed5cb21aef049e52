import type { Verb } from '../../../lib/domain/authorize.ts';
import type { Credential } from '../../../lib/domain/credential/state.ts';
import type { Owner, OwnerFact } from '../../../lib/domain/owner/state.ts';
import type { CredentialId, KeyId } from '../../../lib/domain/types.ts';
import { type Said, say } from '../actions.ts';
import { ENTITLED, MEMBERS, type ProfileName, SECURITY } from '../company.ts';
import type { World } from '../world.ts';

/** What a story is told with: a world, and how time goes by in it. */
export interface Teller {
  readonly here: World;
  readonly said: Said;
  /** Does it every minute until `done`, as whoever wants something asks again; a minute without a word counts too. */
  insist(done: () => boolean, act: () => Promise<unknown>): Promise<void>;
  /** Until all is quiet, at most so many minutes. */
  wait(minutes: number, done: () => boolean): Promise<void>;
}

export interface Story {
  readonly name: string;
  readonly tell: (teller: Teller) => Promise<void>;
  /** What it has come to in the end, whatever went wrong. */
  readonly came: (here: World) => boolean;
}

export const credentials = ({ ledger }: World): readonly Credential[] => [...ledger.credentials.values()].map(({ state }) => state);
export const isActive = (here: World): boolean => credentials(here).some(({ status }) => status === 'active');
export const only = (here: World): Credential | undefined => credentials(here)[0];
export const idOf = (here: World): CredentialId => only(here)?.id ?? ('' as CredentialId);
export const subjectOf = ({ ledger }: World, credential: Credential | undefined): string | undefined =>
  credential && ledger.owners.get(credential.holder.id)?.state.subject;
export const keysOf = (here: World): readonly KeyId[] => [
  ...(here.provider.users.get(only(here)?.grant.accountName ?? '')?.keys.keys() ?? []),
];
export const phases = (here: World): string => (only(here)?.versions ?? []).map(({ phase }) => phase).join();

export const issue =
  (profile: ProfileName, until: (here: World) => boolean = isActive) =>
  async ({ here, insist }: Teller): Promise<void> =>
    insist(
      () => until(here),
      () => here.request('hr:1', { profile, idempotencyKey: 'k' }),
    );

export const member = (subject: string) => MEMBERS.find((one) => one.subject === subject) ?? MEMBERS[0];
export const tells =
  (subject: string, type: OwnerFact['type'], change: Partial<OwnerFact> = {}, role = ENTITLED) =>
  async ({ here, said, insist }: Teller): Promise<void> => {
    const fact = say(here, said, member(subject), type, role, change);
    let heard = false;
    await insist(
      () => heard,
      async () => {
        heard = (await here.hear(fact)) || heard;
      },
    );
  };
export const asks =
  (verb: Verb, done: (here: World) => boolean, to?: string, by = SECURITY) =>
  ({ here, insist }: Teller): Promise<void> =>
    insist(
      () => done(here),
      () => here.change(by, idOf(here), verb, to),
    );
export const orders =
  (verb: 'kill' | 'unkill', subject: string, done: (here: World) => boolean) =>
  ({ here, insist }: Teller): Promise<void> =>
    insist(
      () => done(here),
      () => here.kill(`hr:${subject}`, verb),
    );
export const ownerOf = ({ ledger }: World, subject: string): Owner | undefined =>
  [...ledger.owners.values()].find(({ state }) => state.source === 'hr' && state.subject === subject)?.state;
export const isKilled =
  (subject: string) =>
  (here: World): boolean =>
    ownerOf(here, subject)?.killed !== undefined;
/** Each credential carries its own deny, and the provider's list is empty again. */
export const isOut =
  (subject: string) =>
  (here: World): boolean =>
    isKilled(subject)(here) && !ownerOf(here, subject)?.killWork && !here.provider.killVersions.at(-1)?.length;
export const isLifted =
  (subject: string) =>
  (here: World): boolean =>
    !isKilled(subject)(here);
export const waits =
  (minutes: number, done: (here: World) => boolean) =>
  ({ here, wait }: Teller): Promise<void> =>
    wait(minutes, () => done(here));

export const chapters =
  (...all: readonly ((teller: Teller) => Promise<void>)[]) =>
  async (teller: Teller): Promise<void> => {
    for (const chapter of all) await chapter(teller);
  };

export const isRotated = (here: World): boolean => phases(here) === 'current' && (only(here)?.attempts.length ?? 0) > 1;
export const isRotating = (here: World): boolean => phases(here) !== 'current';
export const isRevoked = (here: World): boolean =>
  credentials(here).every(({ status }) => status === 'revoked') && here.provider.users.size === 0;
export const isHeldBy =
  (subject: string) =>
  (here: World): boolean =>
    isActive(here) && subjectOf(here, only(here)) === subject && isRotated(here);
export const isSuspended = (here: World): boolean => only(here)?.status === 'suspended';
export const isDisabled = (here: World): boolean => phases(here).includes('disabled');

export const approvalOf = (here: World): string | undefined => {
  const credential = only(here);
  return credential?.status === 'active' ? credential.approval?.kind : undefined;
};
