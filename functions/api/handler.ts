import { composeRequests } from '../shared/compose.ts';
import { api } from './api.ts';

export const handler = api(composeRequests(process.env));
