/** For CDK apps: the manager itself, and what lets its tokens into an HTTP API. Services take `nhi-lifecycle/client`. */
export { NhiLifecycle, type NhiLifecycleProps } from './constructs/nhi-lifecycle.ts';
export { NhiTokenAuthorizer, type NhiTokenAuthorizerProps } from './constructs/token-authorizer.ts';
