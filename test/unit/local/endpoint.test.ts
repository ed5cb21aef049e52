import { describe, expect, it } from 'vitest';
import { startLocalCloud } from '../../../local/cloud.ts';
import { checkedEndpoint, localEnvironment } from '../../../local/endpoint.ts';
import { startFake } from './fake.ts';

describe('the endpoint', () => {
  it.each([
    ['http://127.0.0.1:4566', 'http://127.0.0.1:4566'],
    ['http://127.9.8.7', 'http://127.9.8.7'],
    ['http://127.1:80/', 'http://127.0.0.1'],
    ['http://LocalHost:1/path', 'http://localhost:1'],
    ['https://[::1]:4566', 'https://[::1]:4566'],
  ])('%s is on this machine', (given, endpoint) => {
    expect(checkedEndpoint(given)).toBe(endpoint);
  });

  it.each([
    'http://10.0.0.1:4566',
    'http://0.0.0.0:4566',
    'http://128.0.0.1',
    'http://[::ffff:127.0.0.1]',
    'http://127.0.0.1.example.com',
    'http://localhost.example.com',
    'http://localhost@example.com',
    'http://localhost.localstack.cloud:4566',
  ])('%s is refused', (given) => {
    expect(() => checkedEndpoint(given)).toThrow('not on this machine');
    expect(() => checkedEndpoint(given, 'other.example')).toThrow('not on this machine');
  });

  it('may be on the one host that is named, with or without its port', () => {
    expect(checkedEndpoint('http://cloud.test:4566', 'cloud.test')).toBe('http://cloud.test:4566');
    expect(checkedEndpoint('http://cloud.test:4566', 'Cloud.Test:4566')).toBe('http://cloud.test:4566');
    expect(() => checkedEndpoint('http://cloud.test:4566', 'test')).toThrow('not on this machine');
    expect(() => checkedEndpoint('http://cloud.test:4566', 'cloud.test:1')).toThrow('not on this machine');
  });

  it.each(['https://iam.amazonaws.com', 'https://sts.us-east-1.api.aws', 'https://iam.cn-north-1.amazonaws.com.cn'])(
    '%s is AWS, and no flag helps',
    (given) => {
      expect(() => checkedEndpoint(given, new URL(given).hostname)).toThrow('AWS itself');
    },
  );

  it.each(['', 'localhost:4566', 'ftp://localhost', 'nonsense'])('%j is no endpoint', (given) => {
    expect(() => checkedEndpoint(given)).toThrow(/not the URL|neither http/);
  });
});

describe('the environment of children', () => {
  const base = {
    PATH: '/bin',
    AWS_PROFILE: 'production',
    AWS_SESSION_TOKEN: 'real',
    AWS_ACCESS_KEY_ID: 'AKIAREAL',
    AWS_ENDPOINT_URL_IAM: 'https://iam.amazonaws.com',
    AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true',
    AWS_ROLE_ARN: 'arn:aws:iam::1:role/real',
    AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://169.254.170.2/',
    NO_PROXY: 'intra.example',
  };

  it('knows nothing of the user’s accounts', () => {
    expect(localEnvironment('http://127.0.0.1:1', base)).toEqual({
      PATH: '/bin',
      NO_PROXY: '127.0.0.1,localhost,intra.example',
      no_proxy: '127.0.0.1,localhost,intra.example',
      AWS_ENDPOINT_URL: 'http://127.0.0.1:1',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_REGION: 'us-east-1',
      AWS_DEFAULT_REGION: 'us-east-1',
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_CONFIG_FILE: '/dev/null',
      AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    });
  });
});

describe('a cloud that is given', () => {
  it('is used as it is, and left running', async () => {
    const fake = await startFake();
    const endpoint = `http://127.0.0.1:${fake.gateway.port}`;
    const cloud = await startLocalCloud({ env: { AWS_ENDPOINT_URL: endpoint, AWS_PROFILE: 'production' } });
    expect(cloud).toMatchObject({ endpoint, embedded: false, env: { AWS_ENDPOINT_URL: endpoint } });
    expect(cloud.env['AWS_PROFILE']).toBeUndefined();
    await cloud.control.faults([{ match: 'iam:CreateUser', kind: 'throttle' }]);
    await fake.iam('CreateUser');
    expect(await cloud.control.fired()).toMatchObject([{ call: 'iam:CreateUser', kind: 'throttle' }]);
    expect(await cloud.control.counts()).toMatchObject({ 'iam:CreateUser': { test: 1 } });
    await cloud.control.reset();
    expect(await cloud.control.counts()).toEqual({});
    const wrong = cloud.control.faults([{ match: '(', kind: 'drop' }]);
    await expect(wrong).rejects.toThrow('match is not a regular expression');
    await cloud.stop();
    expect((await fake.iam('CreateUser')).status).toBe(200);
    await fake.stop();
    await expect(cloud.control.counts()).rejects.toThrow(`Nothing answers at ${endpoint}.`);
  });

  it('says so when it has no faults and counts', async () => {
    const fake = await startFake(() => ({ status: 404 }));
    const plain = await startFake(({ url }) => ({ status: url.startsWith('/_nhi') ? 404 : 200 }));
    const cloud = await startLocalCloud({ env: {}, endpoint: `http://127.0.0.1:${fake.gateway.port}` });
    await fake.stop();
    await plain.stop();
    await expect(cloud.control.counts()).rejects.toThrow('Nothing answers');
  });

  it('must answer', async () => {
    await expect(startLocalCloud({ env: { AWS_ENDPOINT_URL: 'http://127.0.0.1:1' } })).rejects.toThrow(
      'Nothing answers at http://127.0.0.1:1.',
    );
  });

  it('must be on this machine', async () => {
    const refused = startLocalCloud({ env: { AWS_ENDPOINT_URL: 'http://cloud.test:4566' } });
    await expect(refused).rejects.toThrow("unset AWS_ENDPOINT_URL, or allow it with '--allow-endpoint cloud.test'");
  });
});
