/** Seeds that once found something, and what it was. They run every time. */
export const REGRESSION_SEEDS: readonly Readonly<{ seed: number; found: string }>[] = [
  { seed: 98, found: 'a tab that follows did not learn who the user is' },
  { seed: 116, found: 'the check of saved edits took a decision that decided nothing for what its group left pending' },
  { seed: 135, found: 'a Retry-After that came after the time limit of its connection was not heeded' },
  { seed: 168, found: 'the simulation woke a frozen tab without letting promises settle between two messages' },
  { seed: 222, found: 'a session that began anew did not know until when the server had asked to be left alone' },
  { seed: 282, found: 'a Retry-After that came after the time limit of its request was not heeded' },
  { seed: 283, found: 'a dataset made after a backup was lost with it and made anew in the same epoch' },
  { seed: 296, found: 'an edit was called accepted because an earlier one in its group had nothing to change' },
  { seed: 351, found: 'a synchronize that the server had asked to wait with rejected with nothing' },
  { seed: 555, found: 'the check of intent took a key that the device itself had removed for one that it saw' },
  { seed: 643, found: 'the check of a tab that opens asked for what was saved after the tab had read the journal' },
  { seed: 703, found: 'the check of saved edits did not know by which places a journal that was written anew goes on' },
  { seed: 783, found: 'the check of a tab that opens asked for what was saved while it opened' },
]
