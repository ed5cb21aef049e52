/** What an owner fact may hold, whichever way it comes; a snapshot's row beyond it is told with its line, not refused one by one behind the bus. */
export const FACT_LIMITS = { subject: 200, role: 80, roles: 100, team: 200, manager: 200, email: 254 } as const;
export const EMAIL = /^[^\s@]{1,64}@[^\s@.]+(\.[^\s@.]+)+$/;
/** How far a source's clock may be ahead of ours. The future belongs into `effectiveAt`. */
export const CLOCK_SKEW_MS = 300_000;
