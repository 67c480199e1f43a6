/** Seeds that once found something, and what it was. They run every time. */
export const REGRESSION_SEEDS: readonly Readonly<{ seed: number; found: string }>[] = [
  { seed: 98, found: 'a tab that follows did not learn who the user is' },
  { seed: 283, found: 'a dataset made after a backup was lost with it and made anew in the same epoch' },
  { seed: 296, found: 'an edit was called accepted because an earlier one in its group had nothing to change' },
]
