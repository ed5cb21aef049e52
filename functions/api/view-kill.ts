import type { DenyEntry } from '../../lib/domain/deny-list.ts';
import type { Owner } from '../../lib/domain/owner/state.ts';
import { time } from './view-life.ts';

/** `pending`: the provider has not confirmed it, e.g. since its control plane is out; each credential is denied one by one meanwhile. */
export const killView = ({ killed, killWork }: Owner, entry: DenyEntry | undefined) => ({
  ...(killed && {
    killed: {
      ...{ at: time(killed.atMs), by: killed.by, reason: killed.reason, confirmed: killed.confirmed },
      ...(entry && { list: entry.inEffectAtMs === undefined ? 'pending' : `in force since ${time(entry.inEffectAtMs)}` }),
      state: killWork?.phase === 'unlist' ? 'being lifted' : killWork ? 'denying credential by credential' : 'every credential denied',
    },
  }),
  ...(!killed && killWork && { killed: { state: 'lifted; credentials come back one by one' } }),
});
