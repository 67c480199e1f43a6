/** What was thrown, as an error: whatever is none is told in its own words. */
export const asError = (thrown: unknown): Error => (thrown instanceof Error ? thrown : new Error(String(thrown)))
