import type { Seal } from '../access/seal.js'
import { refuse } from '../refusal.js'

export type PageRequest = Readonly<{ limit: number; nextToken: string | null }>

/** The NextTokens of lists: sealed, and good only for the list they were given for (SPEC I14). */
export class PageTokens {
  constructor(private readonly seal: Seal) {}

  /** Names the place after which the next page begins. */
  close(list: readonly string[], after: string): string {
    return this.seal.close('page', list, after)
  }

  /** Where a page begins: the empty text, before everything, without a token. Refuses a token that is not ours. */
  open(list: readonly string[], nextToken: string | null): string {
    if (nextToken === null) return ''
    const after = this.seal.open('page', list, nextToken)
    return after ?? refuse('InvalidParameter', 'NextToken is not one that this list was continued with')
  }

  /**
   * Takes what a store found for one more than `limit` apart into a page and the token of the next one, null
   * after the last.
   */
  page<T>(
    list: readonly string[],
    { found, limit, keyOf }: Readonly<{ found: readonly T[]; limit: number; keyOf: (item: T) => string }>,
  ): Readonly<{ items: readonly T[]; nextToken: string | null }> {
    const items = found.slice(0, limit)
    const last = items.at(-1)
    const isLastPage = found.length <= limit || last === undefined
    return { items, nextToken: isLastPage ? null : this.close(list, keyOf(last)) }
  }
}
