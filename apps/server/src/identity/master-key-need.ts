import { SYNC_SESSION_LIFE_MS } from '../domain/batch-marker.js'
import type { KeyStanding } from './key-rotation.js'

const DAY_MS = 86_400_000

/** Why a master key beside the first one is still to be given to servers. Times in epoch milliseconds. */
export type MasterKeyNeed =
  /** It closes signing keys. */
  | Readonly<{ kind: 'closes'; kids: readonly string[] }>
  /** What it sealed may be shown until then: sync sessions and credentials, and the stream's links to records. */
  | Readonly<{ kind: 'seals'; sessionsUntil: number; linksUntil: number }>
  /** No longer, or, for a key that is to be the first one, not yet. */
  | Readonly<{ kind: 'none' }>
  /** Nothing says since when the first one closes. */
  | Readonly<{ kind: 'unknown' }>

/** How long servers need a master key, by its place in the ring, at a time (KR8). The first one has closed what it closes since every server seals with it. */
export function masterKeyNeed(
  place: number,
  { keys, retentionDays, now }: Readonly<{ keys: readonly KeyStanding[]; retentionDays: number; now: number }>,
): MasterKeyNeed {
  const kids = keys.filter((standing) => standing.place === place).map(({ key }) => key.kid)
  if (kids.length > 0) return { kind: 'closes', kids }
  const closedAt = keys.map(({ key, place: by }) => (by === 0 ? (key.closedUnder?.at ?? null) : null))
  const known = closedAt.filter((at) => at !== null)
  if (known.length === 0 || known.length < keys.length) return { kind: 'unknown' }
  const since = Math.min(...known)
  const sessionsUntil = since + SYNC_SESSION_LIFE_MS
  const linksUntil = since + retentionDays * DAY_MS
  return now < Math.max(sessionsUntil, linksUntil) ? { kind: 'seals', sessionsUntil, linksUntil } : { kind: 'none' }
}
