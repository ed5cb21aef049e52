import { tokenIdOf } from '../../../lib/domain/token/format.ts';
import type { Bug } from './bug.ts';

/** Of tokens, and of who checks them. */
export const TOKEN_BUGS: readonly Bug[] = [
  {
    name: 'a record that lets a late creation in',
    story: 'a token, rotated and revoked',
    planted: {
      tokens: (real, store) => ({
        ...real,
        createVersion: async (credential, attempt) => {
          const record = await store.read(tokenIdOf(credential.id));
          return real.createVersion({ ...credential, fence: record?.fence ?? credential.fence }, attempt);
        },
      }),
    },
    caughtBy: /^4 /,
  },
  {
    name: 'an authorizer that looks at no kill',
    story: 'a kill of who has a token and a key, and lift',
    planted: { authorizer: (owner) => owner && { ...owner, killed: false } },
    caughtBy: /^8 /,
  },
  {
    name: 'a token that a leave for cause does not end',
    story: 'a token whose owner leaves for cause',
    planted: { authorizer: (owner) => owner && { ...owner, forCause: false } },
    caughtBy: /^8 a token ends/,
  },
  {
    name: 'a token that was removed let in again by whoever is late',
    story: 'a token, rotated and revoked',
    planted: { tokens: (real) => ({ ...real, removeAccount: async () => true, accountExists: async () => false }) },
    caughtBy: /^15 /,
  },
  {
    name: 'a token handed over, and its record left to who had it',
    story: 'a token whose owner leaves, and the heir accepts',
    planted: { tokens: (real) => ({ ...real, tagOwner: async () => undefined }) },
    caughtBy: /^17 /,
  },
  {
    name: 'a key for tokens dropped while one still needs it',
    story: 'a token, and the key it is told by is rotated twice',
    planted: { tokenUses: () => 0 },
    caughtBy: /^4 /,
  },
];
