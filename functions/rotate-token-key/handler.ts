import { composeTokenKeys } from '../shared/compose-token-keys.ts';

const rotate = composeTokenKeys(process.env);

export async function handler(): Promise<void> {
  console.info(JSON.stringify({ message: 'token keys', ...(await rotate()) }));
}
