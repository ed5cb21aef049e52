import { composeIamWorker } from '../shared/compose-iam-worker.ts';
import { worker } from '../shared/worker.ts';

export const handler = worker(composeIamWorker(process.env));
