import { composeTokenWorker } from '../shared/compose-token-worker.ts';
import { worker } from '../shared/worker.ts';

export const handler = worker(composeTokenWorker(process.env));
