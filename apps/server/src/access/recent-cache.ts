/**
 * Keeps what was used most recently, never more than `capacity` entries.
 *
 * Two generations: when the young one is full it becomes the old one, and what was in the old one and was not asked for
 * meanwhile is gone. That costs a plain lookup per hit, where exact bookkeeping would cost two writes.
 */
export class RecentCache<K, V> {
  private young = new Map<K, V>()
  private old = new Map<K, V>()
  private readonly generationMax: number

  constructor(capacity: number) {
    this.generationMax = Math.max(1, Math.floor(capacity / 2))
  }

  get(key: K): V | undefined {
    const young = this.young.get(key)
    if (young !== undefined) return young
    const old = this.old.get(key)
    if (old !== undefined) this.set(key, old)
    return old
  }

  set(key: K, value: V): void {
    if (this.young.size >= this.generationMax && !this.young.has(key)) {
      this.old = this.young
      this.young = new Map()
    }
    this.young.set(key, value)
  }

  /** How many entries it holds; one that is in both generations counts twice. */
  get size(): number {
    return this.young.size + this.old.size
  }
}
