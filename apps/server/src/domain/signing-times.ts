/*
 * The life of a signing key, in the order in which keys begin to sign:
 *
 *     made ──▶ published, waits ──▶ signs ──▶ believed ──▶ forgotten
 *                            signsFrom   the next one's     its last token has ended
 *                                        signsFrom
 */

/** Of a key, what its life follows from; times in epoch milliseconds. */
export type SigningTimes = Readonly<{ kid: string; createdAt: number; signsFrom: number }>

/** What a key is good for at a time. */
export type SigningState =
  | Readonly<{ kind: 'waits' }>
  | Readonly<{ kind: 'signs' }>
  /** Its tokens are good until then, at the latest. */
  | Readonly<{ kind: 'believed'; until: number }>
  | Readonly<{ kind: 'forgotten' }>

/** How often every server reads which keys there are. */
export const KEYS_READ_EVERY_MS = 30_000
/** How long whoever verifies tokens may keep the published keys. */
export const KEYS_KEPT_MS = 120_000
/** Until everybody has learned of a key: what servers and verifiers take, and as much again. */
export const SIGNS_AFTER_MS = 2 * (KEYS_READ_EVERY_MS + KEYS_KEPT_MS)

/** The longest life of an OpenID token. */
export const OPENID_TOKEN_LIFE_MS_MAX = 86_400_000
/** For a server that learned late that its key signs no longer, and for clocks that differ. */
const LATE_MS_MAX = 3_600_000

/** What each key is good for at a time, in the order in which they sign. One of them signs, unless there is none. */
export function signingStates<Key extends SigningTimes>(
  keys: readonly Key[],
  now: number,
): readonly (readonly [Key, SigningState])[] {
  const ordered = [...keys].sort(inOrder)
  const begun = ordered.filter(({ signsFrom }) => signsFrom <= now).length
  // Where every key waits, the first one has to do.
  const signing = Math.max(begun - 1, 0)
  return ordered.map((key, at) => {
    if (at > signing) return [key, { kind: 'waits' }]
    if (at === signing) return [key, { kind: 'signs' }]
    const until = ordered[at + 1]!.signsFrom + OPENID_TOKEN_LIFE_MS_MAX + LATE_MS_MAX
    return [key, now < until ? { kind: 'believed', until } : { kind: 'forgotten' }]
  })
}

const inOrder = (a: SigningTimes, b: SigningTimes): number =>
  a.signsFrom - b.signsFrom || a.createdAt - b.createdAt || (a.kid < b.kid ? -1 : 1)
