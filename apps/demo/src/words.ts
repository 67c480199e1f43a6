import type { Status } from '@satchel/client'

/** One, two, three edits; with the noun's plural by adding an s. */
export const counted = (count: number, noun: string): string =>
  `${count.toLocaleString('en')} ${count === 1 ? noun : `${noun}s`}`

/** A value as it is named in a sentence; null is a removal. */
export const quoted = (value: string | null, lengthMax = 60): string =>
  value === null ? 'removed' : `“${value.length > lengthMax ? `${value.slice(0, lengthMax)}…` : value}”`

/** Bytes for people: 12 bytes, 3.4 KB, 1 MB. */
export function bytesInWords(bytes: number): string {
  if (bytes < 1_000) return counted(bytes, 'byte')
  const [size, unit] = bytes < 1_000_000 ? [bytes / 1_024, 'KB'] : [bytes / 1_048_576, 'MB']
  return `${size.toLocaleString('en', { maximumFractionDigits: size < 10 ? 1 : 0 })} ${unit}`
}

/** A span of time for people, to the second. */
export function spanInWords(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000))
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

const KINDS: Readonly<Record<Status['kind'], string>> = {
  offline: 'Offline',
  connecting: 'Connecting',
  syncing: 'Syncing',
  live: 'Live',
  waiting: 'Waiting',
  'needs-auth': 'Sign-in needed',
  stalled: 'Stalled',
}

export const kindInWords = (status: Status): string => KINDS[status.kind]

/**
 * Why the status is what it is, and since when; for one that waits also when it goes on. The client calls itself in step while keys wait for a
 * decision, since it has nothing to send for them: for whoever looks at the page they come first.
 */
export function reasonInWords(status: Status, now: number, undecidedKeys = 0): string {
  const since = `for ${spanInWords(now - status.since)}`
  if (status.kind === 'live' && undecidedKeys > 0) {
    const wait = undecidedKeys === 1 ? 'waits' : 'wait'
    return `${counted(undecidedKeys, 'key')} ${wait} for your decision; everything else is in step, ${since}`
  }
  const again = status.kind === 'waiting' ? `; tries again in ${spanInWords(status.until - now)}` : ''
  return status.reason === '' ? `${since}${again}` : `${status.reason}, ${since}${again}`
}
