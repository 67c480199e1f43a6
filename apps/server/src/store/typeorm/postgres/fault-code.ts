/** The code of what was thrown, PostgreSQL's or Node's; empty where it has none. */
export const faultCodeOf = (cause: unknown): string =>
  typeof cause === 'object' && cause !== null && 'code' in cause && typeof cause.code === 'string' ? cause.code : ''
