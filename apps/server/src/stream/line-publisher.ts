import type { Clock } from '../runtime/clock.js'
import { within } from '../runtime/within.js'
import type { Message, OpenPublisher, Publisher, PublishOutcome } from './publisher.js'
import type { RelayBounds } from './relay-bounds.js'
import type { StreamObserver } from './stream-observer.js'

/** The one publisher that a line has at a time, opened once there is something to send; it always answers, and in time (V22). */
export class LinePublisher {
  private publisher: Publisher | null = null

  constructor(
    private readonly parts: Readonly<{
      openPublisher: OpenPublisher
      clock: Clock
      bounds: Pick<RelayBounds, 'sendMsMax'>
      observer: Pick<StreamObserver, 'defect'>
    }>,
  ) {}

  /** Never rejects. What comes too late, or fails, is `unknown`: it has to be given up then. */
  publish(topic: string, messages: readonly Message[]): Promise<PublishOutcome> {
    this.publisher ??= this.parts.openPublisher()
    return this.inTime(this.publisher.publish(topic, messages))
  }

  /** Gives it up, where there is one: what comes next goes out by a fresh one. */
  giveUp(): void {
    this.publisher?.close()
    this.publisher = null
  }

  /** What a publisher answers, or that it did not. */
  private inTime(publishing: Promise<PublishOutcome>): Promise<PublishOutcome> {
    const { bounds, clock, observer } = this.parts
    const late = () => unknown(`no answer within ${bounds.sendMsMax} ms`)
    const answered = publishing.catch((cause: unknown) => {
      observer.defect(cause)
      return unknown('the publisher failed')
    })
    return within({ clock, ms: bounds.sendMsMax, late }, answered)
  }
}

const unknown = (reason: string): PublishOutcome => ({ kind: 'unknown', reason })
