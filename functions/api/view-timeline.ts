import { passedOverIn } from '../../lib/application/find-heir.ts';
import type { Envelope } from '../../lib/application/ports.ts';
import type { Credential } from '../../lib/domain/credential/state.ts';
import { credentialView } from './view.ts';
import { lifeView, type NameOf, type Names, nameIn, time } from './view-life.ts';

/** A credential with everything that happened to it. */
export function timelineView({
  credential,
  events,
  names,
}: {
  readonly credential: Credential;
  readonly events: readonly Envelope[];
  readonly names: Names;
}) {
  const passedOver = events.flatMap(({ cause }) => passedOverIn(cause) ?? []).at(-1);
  return {
    ...credentialView(credential),
    ...lifeView(credential, names),
    ownerRef: nameIn(names)(credential.holder.id),
    ...(passedOver !== undefined && { passedOver }),
    events: events.map((event) => eventView(event, nameIn(names))),
  };
}

const eventView = ({ version, at, type, actor, cause, hash, data }: Envelope, nameOf: NameOf) => ({
  ...{ version, at, type, detail: detailOf(data, nameOf), actor, cause, hash },
});

/** What an event is about, in a few words: the step, the key, the heir, until when. */
function detailOf(data: Envelope['data'], nameOf: NameOf): string {
  const heir = 'heir' in data ? data.heir : 'to' in data ? data : undefined;
  const parts = [
    'step' in data && data.step,
    'keyId' in data && data.keyId,
    'why' in data && data.why,
    heir && `to ${nameOf(heir.to.id)}${'rung' in heir ? ` (${heir.rung})` : ''}`,
    'by' in data && `by ${nameOf(data.by)}`,
    'inUse' in data && data.inUse && 'still in use',
    'overdue' in data && data.overdue && 'beyond its hard limit',
    'blocked' in data && data.blocked.code,
    'ends' in data && data.ends && `to be revoked on ${time(data.ends.atMs)}`,
    'deadlineMs' in data && `by ${time(data.deadlineMs)}`,
    'untilMs' in data && !('step' in data) && `until ${time(data.untilMs)}`,
  ];
  return parts.filter(Boolean).join(', ');
}
