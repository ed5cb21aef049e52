/** What the user of the local cloud can put right: the message is one sentence, and all there is to say. */
export class LocalCloudError extends Error {
  override readonly name: string = 'LocalCloudError';
}

/** Something this machine lacks; the sentence holds the command that installs it. */
export class MissingPrerequisite extends LocalCloudError {
  override readonly name = 'MissingPrerequisite';
}
