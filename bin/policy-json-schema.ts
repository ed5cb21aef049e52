import { writeFileSync } from 'node:fs';
import { policyJsonSchema } from '../lib/contract/policy-schema.ts';

/** Writes the schema that editors read; `npm run policy-schema` after a change of `lib/contract/policy-schema.ts`. */
writeFileSync('nhi.policy.schema.json', `${JSON.stringify(policyJsonSchema(), null, 2)}\n`);
