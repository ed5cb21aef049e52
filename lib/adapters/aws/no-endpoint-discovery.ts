/**
 * In every bundle this stands for the SDK's cache of discovered endpoints: DynamoDB has had none to discover since it has regional ones, the
 * SDK looks for them only where that is turned on, and no function of ours turns it on.
 * @public
 */
export class EndpointCache {}
