/**
 * How many of `shards` a relay should have, all relays together having each once: as many as any other, or one more where they do not divide evenly, which
 * goes to those that have most already, so that as few as can be change hands. `held` says how many each relay has now, 0 included; one
 * that is not in it has no share. Relays that see the same agree without a word between them.
 */
export function fairShare(relay: string, held: ReadonlyMap<string, number>, shards: number): number {
  if (!held.has(relay)) return 0
  const inOrder = [...held].sort(([one, some], [other, more]) => more - some || (one < other ? -1 : 1))
  const place = inOrder.findIndex(([name]) => name === relay)
  return Math.floor(shards / held.size) + Number(place < shards % held.size)
}
