import type { IdentityId, IdentityPoolId } from '@satchel/protocol'
import type { Clock } from '../runtime/clock.js'
import type { IdentityStanding } from './identity-standing.js'

/** Identities in one question; who comes then begins another. */
const ASKED_AT_ONCE = 500

type Pools = ReadonlyMap<IdentityId, IdentityPoolId>
type Question = Readonly<{ identities: Set<IdentityId>; answer: Promise<Pools> }>

/**
 * Asks the store once for all identities that are asked for in the same turn of the event loop, since most of what a look-up costs is the way there. Nobody waits
 * for anything else; a question that fails, fails for all whom it was asked for.
 */
export class GatheredStanding implements IdentityStanding {
  private question: Question | null = null

  constructor(
    private readonly deps: Readonly<{
      /** The pools of those identities that may be used. */
      source: { poolsOfActive(identities: readonly IdentityId[]): Promise<Pools> }
      clock: Pick<Clock, 'soon'>
    }>,
  ) {}

  async isActive(identity: IdentityId, pool: IdentityPoolId): Promise<boolean> {
    const question = (this.question ??= this.begin())
    question.identities.add(identity)
    if (question.identities.size >= ASKED_AT_ONCE) this.question = null
    return (await question.answer).get(identity) === pool
  }

  private begin(): Question {
    const { source, clock } = this.deps
    const identities = new Set<IdentityId>()
    const answer = new Promise<void>((resolve) => clock.soon(resolve)).then(() => {
      if (this.question === question) this.question = null
      return source.poolsOfActive([...identities])
    })
    const question = { identities, answer }
    return question
  }
}
