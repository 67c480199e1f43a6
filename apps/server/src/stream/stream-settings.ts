import type { IdentityPoolId } from '@satchel/protocol'
import type { PoolConnections } from '../datasets/pool-connections.js'
import { judgeTopic, type TopicVerdict } from '../domain/judge-topic.js'
import { begunOf, enabledStream, ownerDisabledStream, serverDisabledStream, targetHeld } from '../domain/set-stream.js'
import type { CognitoStreams, StreamWish, SyncSettings } from '../domain/sync-settings.js'
import type { TopicFacts } from '../domain/topic-facts.js'
import { isTopicName, topicOf } from '../domain/topic-name.js'
import { refuse } from '../refusal.js'
import type { Clock } from '../runtime/clock.js'
import type { BulkPublishStore } from '../store/bulk-publish-store.js'
import type { OutboxStore } from '../store/outbox-store.js'
import type { PoolStore, StreamingPool } from '../store/pool-store.js'
import type { Topics } from './topics.js'

/** What a request makes of a pool's connections; a part that is not given stays as it is, null clears it (F14). */
export type ConnectionsChange = Readonly<{
  pushSync?: SyncSettings['pushSync']
  cognitoStreams?: StreamWish | null
}>

/** What the settings of streams tell whoever watches them. */
export interface StreamSettingsObserver {
  enabled(stream: StreamingPool & Readonly<{ topic: string; partitions: number }>): void
  /** A stream was enabled although something about its topic deserves a look. */
  warned(pool: IdentityPoolId, warning: string): void
  /** The server switched a pool's stream off. */
  disabled(stream: StreamingPool & Readonly<{ reason: string }>): void
}

/** How soon it makes sense to ask again whether Kafka is there. */
const RETRY_AFTER_SECONDS = 5

/** Switches the change streams of pools on and off, for their owner and for the server itself. */
export class StreamSettings {
  private sawEnabled = false

  constructor(
    private readonly deps: Readonly<{
      connections: PoolConnections
      pools: Pick<PoolStore, 'streaming'>
      outbox: Pick<OutboxStore, 'unpark'>
      bulks: Pick<BulkPublishStore, 'end'>
      /** null where the server was started without brokers. */
      kafka: Readonly<{ topics: Topics; topicPrefix: string }> | null
      /** How long published changes are kept. */
      changeLogMs: number
      clock: Clock
      observer: StreamSettingsObserver
    }>,
  ) {}

  /** False until a pool streams, as far as this process has seen: until then no commit has anything for a relay. */
  get mayStream(): boolean {
    return this.sawEnabled
  }

  /** To be called when changes are seen that are to be published: some pool streams, whichever node it was that enabled it. */
  sawChanges(): void {
    this.sawEnabled = true
  }

  /**
   * Stores what the owner of a pool asks for and answers the settings from then on; null when there is no such pool. A stream that is to be enabled has
   * its topic looked at first, and is refused with a sentence where that is no good (V50–V53); nothing of a refused request is kept.
   */
  async configure(pool: IdentityPoolId, change: ConnectionsChange): Promise<SyncSettings | null> {
    const { cognitoStreams: wish } = change
    if (wish?.streamingStatus !== 'ENABLED') {
      return this.store(pool, change, (held) => wish && ownerDisabledStream(held, wish))
    }
    const { topics, topicPrefix } = this.deps.kafka ?? refuse('InvalidParameter', STREAMS_OFF)
    const { streamName } = wish
    const topic = topicOf(topicPrefix, streamName)
    if (!isTopicName(topic)) refuse('InvalidParameter', `"${topic}" ${NO_TOPIC_NAME}`)
    if ((await this.deps.connections.of(pool)) === null) return null
    const facts = await factsOf(topics, topic)

    let judged = null as UsableTopic | null
    const changed = await this.store(pool, change, (held) => {
      const verdict = this.judged(facts, topic, targetHeld(held, streamName)?.partitions ?? null)
      judged = verdict
      const { partitions, payloadBytesMax } = verdict
      const begun = begunOf(held, streamName, this.deps.clock.now())
      return enabledStream(wish, { streamName, partitions, begun, payloadBytesMax })
    })
    if (changed !== null && judged !== null) await this.begun({ pool, streamName }, topic, judged)
    return changed
  }

  /**
   * Switches off the stream of that name in every pool that has it enabled, or all streams for null, and answers in how many (V55). What waits in
   * the outbox stays and is still relayed.
   */
  async disable(streamName: string | null, reason: string): Promise<number> {
    let disabled = 0
    for (const stream of await this.enabled()) {
      if (streamName !== null && stream.streamName !== streamName) continue
      if (await this.disableIn(stream, reason)) disabled++
    }
    return disabled
  }

  /** Every pool whose stream is on, by id. */
  async enabled(): Promise<readonly StreamingPool[]> {
    const found = await this.deps.pools.streaming()
    if (found.length > 0) this.sawEnabled = true
    return found
  }

  /** Parked rows go on only after the settings are stored, so that a relay which parks the stream meanwhile has the last word. */
  private async begun(stream: StreamingPool, topic: string, verdict: UsableTopic): Promise<void> {
    const { outbox, observer } = this.deps
    this.sawEnabled = true
    await outbox.unpark(stream.streamName)
    observer.enabled({ ...stream, topic, partitions: verdict.partitions })
    for (const warning of verdict.warnings) observer.warned(stream.pool, warning)
  }

  private async disableIn({ pool, streamName }: StreamingPool, reason: string): Promise<boolean> {
    let done = false
    await this.deps.connections.change(pool, (held) => {
      done = false // it may be asked more than once
      const { cognitoStreams: streams } = held
      if (!isOn(streams) || streams.streamName !== streamName) return held // its owner was faster
      done = true
      return { ...held, cognitoStreams: serverDisabledStream(streams, reason) }
    })
    if (done) this.deps.observer.disabled({ pool, streamName, reason })
    return done
  }

  private judged(facts: TopicFacts, topic: string, held: number | null): UsableTopic {
    const verdict = judgeTopic(facts, { topic, partitionsHeld: held, changeLogMs: this.deps.changeLogMs })
    return verdict.kind === 'usable' ? verdict : refuse('InvalidParameter', verdict.fault)
  }

  private async store(
    pool: IdentityPoolId,
    { pushSync, cognitoStreams: wish }: ConnectionsChange,
    streamOf: (held: CognitoStreams | null) => CognitoStreams | null | undefined,
  ): Promise<SyncSettings | null> {
    const { connections, bulks, clock } = this.deps
    let before = null as string | null
    const changed = await connections.change(pool, (held) => {
      before = held.cognitoStreams?.streamName ?? null
      return {
        ...held,
        ...(pushSync === undefined ? {} : { pushSync }),
        ...(wish === undefined ? {} : { cognitoStreams: streamOf(held.cognitoStreams) ?? null }),
      }
    })
    const now = changed?.cognitoStreams?.streamName ?? null
    if (changed !== null && before !== null && now !== before) {
      // Half of a bulk publish in one topic and half in another is none.
      const failure = `the stream of the identity pool was changed from "${before}" to ${now === null ? 'none' : `"${now}"`} meanwhile`
      await bulks.end({ pool, at: clock.now(), failure })
    }
    return changed
  }
}

type UsableTopic = TopicVerdict & { kind: 'usable' }

const isOn = (streams: CognitoStreams | null): streams is CognitoStreams => streams?.streamingStatus === 'ENABLED'

/** What is known of a topic; refuses where nothing is. */
async function factsOf(topics: Topics, topic: string): Promise<TopicFacts> {
  const found = await topics.inspect(topic)
  switch (found.kind) {
    case 'found':
      return found.facts
    case 'missing':
      return refuse(
        'InvalidParameter',
        `topic "${topic}" does not exist in Kafka; it has to be made before a stream can go to it`,
      )
    case 'forbidden':
      return refuse('InvalidParameter', `topic "${topic}" may not be looked at by this server: ${found.reason}`)
    case 'unreachable':
      return refuse(
        'ServiceUnavailable',
        `Kafka could not be asked about topic "${topic}", so nothing was changed: ${found.reason}`,
        { retryAfterSeconds: RETRY_AFTER_SECONDS },
      )
  }
}

/** What somebody is told who wants a stream of a server that has none. */
export const STREAMS_OFF =
  'streams are off on this server: it was started without SATCHEL_KAFKA_BROKERS, which names the Kafka that streams go to'

const NO_TOPIC_NAME =
  'cannot be the name of a Kafka topic: those have 1 to 249 letters, digits, dots, underscores and hyphens (prefix included)'
