/** Name of the inline policy that refuses everything to a user. */
export const DENY = 'nhi-deny';
export const DENY_ALL = JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Deny', Action: '*', Resource: '*' }] });
