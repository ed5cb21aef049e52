/** A rule of the design that does not hold, with what it was seen on. */
export class Violation extends Error {
  readonly rule: string;
  constructor(rule: string, what: string) {
    super(`${rule}: ${what}`);
    this.rule = rule;
  }
}

/** Keeps the first that is found; thrown inside a worker it would look like a fault. */
export interface Report {
  first: Violation | undefined;
}

export const report = (to: Report, rule: string, what: string): void => {
  to.first ??= new Violation(rule, what);
};
