/** Seeds that once found something, and what it was. They run every time. */
export const REGRESSION_SEEDS: readonly Readonly<{ seed: number; found: string }>[] = []
