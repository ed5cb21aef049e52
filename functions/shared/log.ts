import { Logger } from '@aws-lambda-powertools/logger';

/** One structured line a happening; never a request body, a header or a secret. */
export const log = new Logger({ serviceName: process.env['AWS_LAMBDA_FUNCTION_NAME'] ?? 'nhi-lifecycle' });
