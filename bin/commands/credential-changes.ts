import { Command } from 'commander';
import { type ApiOptions, callApi, changesThings } from './api-client.ts';
import { print } from './print.ts';
import { isActive, isRevoked, type Reached, type ShownCredential, until } from './until.ts';

interface ChangeOptions extends ApiOptions {
  readonly reason: string;
  readonly now?: boolean;
  readonly wait?: boolean;
  readonly to?: string;
}

interface Change {
  readonly name: string;
  readonly description: string;
  /** What `--now` means. */
  readonly now?: string;
  /** What `--wait` waits for, in words. */
  readonly wait?: string;
  readonly takesTo?: true;
  /** Of the API; the name, when absent. */
  readonly verb?: (options: ChangeOptions) => string;
  /** `answer`: what the command was answered with. */
  readonly reached?: (answer: ShownCredential, options: ChangeOptions) => Reached;
}

const currentKey = ({ keys }: ShownCredential): string | undefined => keys.find(({ phase }) => phase === 'current')?.keyId;
const accessGone: Reached = ({ status, accessRemovedAt }) => accessRemovedAt !== undefined || status === 'revoked';

const CHANGES: readonly Change[] = [
  {
    name: 'rotate',
    description: 'make a new key; the old one works on for the overlap',
    now: 'a key has leaked: replace every key, and disable the old ones as soon as the new one works',
    wait: 'wait until the new key is the current one; with --now until the old ones are disabled',
    verb: ({ now }) => (now ? 'replace' : 'rotate'),
    reached: (answer, options) =>
      options.now ? ({ replacement }) => replacement === undefined : (now) => currentKey(now) !== currentKey(answer),
  },
  {
    name: 'undo',
    description: 'enable the key again that a rotation disabled last, while its regret time runs',
    wait: 'wait until it works again',
    reached:
      () =>
      ({ keys }) =>
        keys.every(({ phase }) => phase !== 'restoring'),
  },
  {
    name: 'suspend',
    description: 'deny everything to it, reversibly',
    wait: 'wait until the provider has confirmed it',
    reached:
      () =>
      ({ suspension }) =>
        suspension?.accessRemovedAt !== undefined,
  },
  {
    name: 'resume',
    description: 'end a suspension; the keys are as they were. For operators',
    wait: 'wait until it is active; that takes some minutes, until no deny can land any more',
    reached: () => isActive,
  },
  {
    name: 'revoke',
    description: 'end it, for good; its access is gone within seconds either way',
    now: 'an emergency: wait until the provider has confirmed that no key works any more, and no longer',
    wait: 'wait for the receipt',
    verb: () => 'revoke',
    reached: (_answer, { now }) => (now ? accessGone : isRevoked),
  },
  { name: 'renew', description: 'let its time to live begin anew, with a new key; where the profile wants an approval, not your own' },
  { name: 'transfer', description: 'hand it to another owner, with new keys; they are asked to accept it', takesTo: true },
  { name: 'accept', description: 'say that you answer for a credential that was handed to you' },
  { name: 'refuse', description: 'say that you don’t; it goes on up the succession, with new keys' },
  { name: 'approve', description: 'let an owner keep what their new role would not give them; not your own. For approvers' },
];

/** The commands that change a credential. */
export const changes = (): readonly Command[] =>
  CHANGES.map(({ name, description, now, wait, takesTo, verb, reached }) => {
    const command = changesThings(new Command(name).argument('<id>').description(description));
    if (now) command.option('--now', now);
    if (wait) command.option('--wait', wait);
    if (takesTo) command.requiredOption('--to <ref>', '<source>:<external id> or e-mail address');
    return command.action(async (id: string, options: ChangeOptions) => {
      const path = `/v1/credentials/${encodeURIComponent(id)}/${verb?.(options) ?? name}`;
      const { reason, to } = options;
      const answer = await callApi<ShownCredential>(options, 'POST', path, { reason, ...(to !== undefined && { to }) });
      const waits = reached && (options.wait === true || (name === 'revoke' && options.now === true));
      print(waits ? await until(options, answer.id, reached(answer, options)) : answer, options.json);
    });
  });
