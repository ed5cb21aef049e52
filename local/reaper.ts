import { rmSync } from 'node:fs';

/** A process group, and the folder it works in. */
export interface Group {
  readonly pid: number;
  readonly folder: string;
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const alive = new Set<Group>();

/** Kills all of the group at once, including what its leader left behind, and whether or not it still runs. */
export function reap(group: Group): void {
  alive.delete(group);
  if (alive.size === 0) unwatch();
  try {
    process.kill(-group.pid, 'SIGKILL');
  } catch {
    // nobody left
  }
  rmSync(group.folder, { recursive: true, force: true });
}

/**
 * Has the group reaped when this process ends, unless that happened before. A process killed outright reaps nothing: the
 * emulator sees its standard input close.
 */
export function watch(group: Group): void {
  if (alive.size === 0) {
    process.on('exit', reapAll);
    for (const signal of SIGNALS) process.on(signal, onSignal);
  }
  alive.add(group);
}

function unwatch(): void {
  process.off('exit', reapAll);
  for (const signal of SIGNALS) process.off(signal, onSignal);
}

function reapAll(): void {
  for (const group of alive) reap(group);
}

/** To listen is to keep the signal from ending the process, so it is sent again; somebody else who listens decides for himself. */
function onSignal(signal: NodeJS.Signals): void {
  if (process.listenerCount(signal) > 1) return;
  reapAll();
  process.kill(process.pid, signal);
}
