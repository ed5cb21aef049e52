import { expect, it } from 'vitest';
import { awsHost } from '../../../lib/client/aws-host.ts';

it.each([
  ['sts', 'eu-central-1', 'sts.eu-central-1.amazonaws.com'],
  ['dynamodb', 'us-gov-west-1', 'dynamodb.us-gov-west-1.amazonaws.com'],
  ['secretsmanager', 'cn-north-1', 'secretsmanager.cn-north-1.amazonaws.com.cn'],
])('%s in %s is asked at %s', (service, region, host) => {
  expect(awsHost(service, region)).toBe(host);
});
