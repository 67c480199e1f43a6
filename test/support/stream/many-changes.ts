import type { Reached } from '../a-pool.js'
import { eventually } from '../eventually.js'
import { asking, batchOf, guestToken, twin, type Bearer } from '../live-device.js'
import type { Address } from './dataset-writer.js'

const ANSWER_MS_MAX = 60_000

/** Datasets of one identity, all of which are changed in each message of the native face. */
export class ManyChanges {
  /** Changes of each dataset that were accepted. */
  rounds = 0

  constructor(
    private readonly server: Address,
    private readonly bearer: Bearer,
    private readonly datasets: readonly string[],
  ) {}

  static async begin(
    server: Address & Readonly<{ reached: Reached }>,
    who: Readonly<{ pool: string; identity: string }>,
    datasets: readonly string[],
  ): Promise<ManyChanges> {
    const token = await guestToken(server.reached, who.identity)
    return new ManyChanges(server, { ...who, token }, datasets)
  }

  /** The newest count of each dataset, by the name that messages have for it. */
  expected(): readonly (readonly [string, number])[] {
    return this.datasets.map((dataset) => [`${this.bearer.identity}/${dataset}`, this.rounds])
  }

  /** One more change of each dataset; sent again, under the same number, until it is answered. */
  async writeAll(): Promise<void> {
    const number = this.rounds + 1
    const asked = this.datasets.map((dataset) =>
      asking({
        dataset,
        epoch: 0,
        since: this.rounds,
        batch: batchOf(number, { key: 'k', value: `${number}`, base: this.rounds }),
      }),
    )
    const { token } = this.bearer
    const answer = await eventually(async () => {
      const given = await twin(this.server, 'sync', { device: 'many', datasets: asked }, { token })
      if (given.status === 503 || given.status === 429) throw new Error(`answered ${given.status}: ${given.text}`)
      return given
    }, ANSWER_MS_MAX)
    if (answer.status !== 200) throw new Error(`answered ${answer.status}: ${answer.text.slice(0, 300)}`)
    const { answer: said } = answer.json() as {
      answer: { datasets: { batch: { outcome: string; syncCount: number } }[] }
    }
    for (const { batch } of said.datasets) {
      if (batch.outcome !== 'accepted' || batch.syncCount !== number) {
        throw new Error(`batch ${number} was answered with ${JSON.stringify(batch)}`)
      }
    }
    this.rounds = number
  }
}
