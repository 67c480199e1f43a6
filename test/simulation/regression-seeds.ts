/** Seeds that once found something, and what it was. They run every time. */
export const REGRESSION_SEEDS: readonly Readonly<{ seed: number; found: string }>[] = [
  { seed: 98, found: 'a tab that follows did not learn who the user is' },
  { seed: 135, found: 'a Retry-After that came after the time limit of its connection was not heeded' },
  { seed: 168, found: 'the simulation woke a frozen tab without letting promises settle between two messages' },
  { seed: 222, found: 'a session that began anew did not know until when the server had asked to be left alone' },
  { seed: 282, found: 'a Retry-After that came after the time limit of its request was not heeded' },
  { seed: 283, found: 'a dataset made after a backup was lost with it and made anew in the same epoch' },
  { seed: 296, found: 'an edit was called accepted because an earlier one in its group had nothing to change' },
  { seed: 351, found: 'a synchronize that the server had asked to wait with rejected with nothing' },
  { seed: 555, found: 'the check of intent took a key that the device itself had removed for one that it saw' },
]
