import { Command } from 'commander';
import { type ApiOptions, asksApi, callApi, changesThings } from './api-client.ts';
import { print, table } from './print.ts';

interface Member {
  readonly owner: string;
  readonly email: string;
  readonly cause: string;
  readonly heldAt: string;
  readonly credentials: readonly { readonly id: string; readonly profile: string; readonly act: string }[];
}

interface Batch {
  readonly seal: string;
  readonly heldSince: string;
  readonly escalatesAt: string;
  readonly overdue: boolean;
  readonly owners: number;
  readonly credentials: number;
  readonly members: readonly Member[];
}

interface Released {
  readonly seal: string;
  readonly by: string;
  readonly reason: string;
  readonly at: string;
}

export const batch = (): Command => {
  const noun = new Command('batch').description('what the guard holds: more leavers or movers at once than the policy lets pass');
  asksApi(noun.command('list'))
    .description('what is held, whom it would take what, and what was released last')
    .action(async (options: ApiOptions) => {
      const answer = await callApi<{ readonly held: Batch | null; readonly released: readonly Released[] }>(options, 'GET', '/v1/batches');
      if (options.json) return print(answer, true);
      tell(answer.held);
      for (const { seal, by, reason, at } of answer.released) console.log(`released ${at} by ${by}: ${reason} (seal ${seal})`);
    });
  changesThings(noun.command('release <seal>'))
    .description('let a held batch go, exactly as it was listed; not your own, nor one your source or your change made. For stewards')
    .action(async (seal: string, { reason, ...options }: ApiOptions & { readonly reason: string }) =>
      print(await callApi<object>(options, 'POST', `/v1/batches/${encodeURIComponent(seal)}/release`, { reason }), options.json),
    );
  return noun;
};

function tell(held: Batch | null): void {
  if (!held) {
    console.log('Nothing is held.');
    return;
  }
  const { seal, heldSince, escalatesAt, overdue, owners, credentials, members } = held;
  console.log(
    `${owners} owners with ${credentials} credentials are held since ${heldSince}; ${overdue ? 'OVERDUE' : 'overdue'} from ${escalatesAt} on, and they have access till then.`,
  );
  const rows = members.flatMap(({ owner, email, cause, heldAt, credentials: all }): readonly (readonly string[])[] =>
    all.length === 0
      ? [[owner, email, cause, heldAt, '', '']]
      : all.map(({ id, act }, index) => (index === 0 ? [owner, email, cause, heldAt, id, act] : ['', '', '', '', id, act])),
  );
  console.log(`\n${table(['owner', 'e-mail', 'why', 'held since', 'credential', 'released, this follows'], rows)}`);
  console.log(`\nTo let it go: nhi batch release ${seal} --reason …`);
}
