/** The guest that a browser has as its own, by number and, once the server has made it, by id. */
export type OwnGuest = Readonly<{ turn: number; id: string | null }>

/** Where a page's devices belong: which guest they act for, and what keeps their local stores apart from others'. */
export type Place = Readonly<{
  /** null: a new guest, whom the server is still to make. */
  guest: string | null
  /** Goes behind the names of the devices. */
  suffix: string
  own: boolean
}>

/** The guest that an address names behind its `#`, or null. */
export const guestIn = (hash: string): string | null => new URLSearchParams(hash.replace(/^#/, '')).get('guest')

/** The address that opens the devices of a guest. */
export const addressOf = (guest: string, base: string): string =>
  `${base.replace(/#.*$/, '')}#${new URLSearchParams({ guest }).toString()}`

/**
 * `asked` is the guest that the address names; null for none. Somebody else's devices are kept beside one's own, and
 * never mixed with them; a browser without a guest of its own takes the first one it is asked for.
 */
export function placeOf(asked: string | null, own: OwnGuest): Place {
  return asked === null || own.id === null || asked === own.id
    ? { guest: asked ?? own.id, suffix: `-${own.turn}`, own: true }
    : { guest: asked, suffix: `-of-${asked.replace(/[^\w.-]/g, '_')}`, own: false }
}

/** Reads what {@link textOf} wrote; anything else is a browser that was never here. */
export function ownGuestIn(text: string | null): OwnGuest {
  const [, turn, id] = /^(\d{1,9}) ?(\S*)$/.exec(text ?? '') ?? []
  return { turn: Number(turn ?? 1), id: id === undefined || id === '' ? null : id }
}

export const textOf = ({ turn, id }: OwnGuest): string => `${turn} ${id ?? ''}`.trim()
