/** Whose clock says when a lease ends: the database's, or, in suites that hold a clock in their hand, the caller's. */
export type LeaseTime = 'database' | 'caller'

/** The present time as a statement takes it: what the caller says, or null for the database to look itself. */
export const leaseNow = (time: LeaseTime, now: number): number | null => (time === 'caller' ? now : null)

/** The present time of a statement, whose value of this number is {@link leaseNow}. Every node sees the same clock, whatever its own shows. */
export const presentTime = (value: number): string =>
  `coalesce($${value}::bigint, (extract(epoch FROM clock_timestamp()) * 1000)::bigint)`
