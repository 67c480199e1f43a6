import { byteSize } from '@satchel/protocol'
import type { PlacedOutboxRow } from '../../domain/outbox-row.js'
import type { Clock } from '../../runtime/clock.js'
import type { Message, OpenPublisher, Publisher } from '../publisher.js'
import { rowMessage } from '../row-message.js'

export const BATCH_MESSAGES_MAX = 200
export const BATCH_BYTES_MAX = 512 * 1024
/** Calls for one batch, the first one included. */
export const TRIES_MAX = 5
export const RETRY_MS = 500

/** No lease stands behind what is published again by hand. */
const NO_LEASE = 0

export type RepublishParts = Readonly<{ openPublisher: OpenPublisher; clock: Clock; topicPrefix: string }>

/**
 * Publishes rows of the change log again, in the order in which they are added, beside the relays. Throws when a batch is not acknowledged after
 * {@link TRIES_MAX} calls. A row that has become too large for its topic is left out and counted.
 */
export class Republisher {
  published = 0
  tooLarge = 0
  private publisher: Publisher | null = null
  private streamName: string | null = null
  private batch: Message[] = []
  private bytes = 0

  constructor(private readonly parts: RepublishParts) {}

  async add(row: PlacedOutboxRow): Promise<void> {
    const message = rowMessage(row, NO_LEASE)
    const bytes = byteSize(message.value)
    const full = this.batch.length === BATCH_MESSAGES_MAX || this.bytes + bytes > BATCH_BYTES_MAX
    if (full || row.streamName !== this.streamName) await this.flush()
    this.streamName = row.streamName
    this.batch.push(message)
    this.bytes += bytes
  }

  /** Behind the last row. */
  async end(): Promise<void> {
    await this.flush()
    this.close()
  }

  close(): void {
    this.publisher?.close()
    this.publisher = null
  }

  private async flush(): Promise<void> {
    const { batch, streamName } = this
    this.batch = []
    this.bytes = 0
    if (streamName !== null && batch.length > 0) await this.send(streamName, batch)
  }

  private async send(streamName: string, batch: readonly Message[]): Promise<void> {
    let reason = ''
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      if (tries > 0) await new Promise<void>((done) => this.parts.clock.after(RETRY_MS * tries, done))
      this.publisher ??= this.parts.openPublisher()
      const outcome = await this.publisher.publish(this.parts.topicPrefix + streamName, batch)
      if (outcome.kind === 'acknowledged') {
        this.published += batch.length
        return
      }
      if (outcome.kind === 'too-large') return this.split(streamName, batch)
      this.close()
      reason = outcome.reason
    }
    throw new Error(`the topic of stream ${streamName} cannot be written: ${reason}`)
  }

  private async split(streamName: string, batch: readonly Message[]): Promise<void> {
    if (batch.length === 1) {
      this.tooLarge += 1
      return
    }
    const half = Math.ceil(batch.length / 2)
    await this.send(streamName, batch.slice(0, half))
    await this.send(streamName, batch.slice(half))
  }
}
