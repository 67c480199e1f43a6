import { createCipheriv, createDecipheriv, createHmac, createSecretKey, hkdfSync, type KeyObject } from 'node:crypto'
import type { Keyring } from '../access/keyring.js'
import { RecentCache } from '../access/recent-cache.js'
import type { Random } from '../runtime/random.js'

/** What a sealed message begins with; a node ignores what begins otherwise, so that nodes of two versions may run side by side. */
export const FORMAT_VERSION = 1

/** How a message that came was taken. */
export type Opened =
  | Readonly<{ kind: 'opened'; plain: Buffer }>
  /** This node sent it. */
  | Readonly<{ kind: 'own' }>
  | Readonly<{ kind: 'refused'; why: 'version' | 'malformed' | 'forged' }>

const SENDER_LENGTH = 16
const COUNTER_LENGTH = 6
const HEAD_LENGTH = 1 + SENDER_LENGTH + COUNTER_LENGTH
const TAG_LENGTH = 16
const NONCE_LENGTH = 12

/** Keys of senders that are remembered; a sender is a process. */
const SENDERS_MAX = 1_024

/** 132 bits of a channel's name. */
const NAME_LENGTH = 22

/**
 * Seals what goes over the wire, so that who can reach Redis neither reads nor makes up a message, nor moves one to another channel (RD4).
 *
 *     version 1 │ sender 16 │ counter 6 │ AES-256-GCM of the message │ tag 16
 *
 * Each process seals under a key of its own, derived from the master key and its random sender, and counts: so no nonce is ever
 * used twice, however many messages a site sends. The channel is authenticated with the rest. Of several master keys the first seals and any
 * opens, and channels are named by each of them, so a site hears all of itself while its key is changed.
 */
export class MessageSeal {
  private readonly keys: readonly Readonly<{
    names: KeyObject
    messages: KeyObject
    senders: RecentCache<string, KeyObject>
  }>[]
  private readonly sender: Buffer
  private readonly own: KeyObject
  private counter = 0

  constructor({ keyring, random }: Readonly<{ keyring: Keyring; random: Random }>) {
    const messages = keyring.subkeys('fan-out-messages')
    this.keys = keyring
      .subkeys('fan-out-names')
      .map((names, at) => ({ names, messages: messages[at]!, senders: new RecentCache(SENDERS_MAX) }))
    this.sender = random.bytes(SENDER_LENGTH)
    this.own = keyOf(this.keys[0]!.messages, this.sender)
  }

  /** Where one publishes for a subject: the first of its channels. */
  channelOf(subject: string): string {
    return channelUnder(this.keys[0]!.names, subject)
  }

  /** Where one listens for a subject. */
  channelsOf(subject: string): readonly string[] {
    return this.keys.map(({ names }) => channelUnder(names, subject))
  }

  close(channel: string, plain: Buffer): Buffer {
    const head = Buffer.alloc(HEAD_LENGTH)
    head.writeUInt8(FORMAT_VERSION, 0)
    this.sender.copy(head, 1)
    head.writeUIntBE(++this.counter, 1 + SENDER_LENGTH, COUNTER_LENGTH)
    const cipher = createCipheriv('aes-256-gcm', this.own, nonceOf(head))
    cipher.setAAD(boundTo(head, channel))
    return Buffer.concat([head, cipher.update(plain), cipher.final(), cipher.getAuthTag()])
  }

  open(channel: string, sealed: Buffer): Opened {
    if (sealed.length < HEAD_LENGTH + TAG_LENGTH) return MALFORMED
    if (sealed[0] !== FORMAT_VERSION) return OTHER_VERSION
    const head = sealed.subarray(0, HEAD_LENGTH)
    const sender = head.subarray(1, 1 + SENDER_LENGTH)
    if (sender.equals(this.sender)) return OWN
    const senderName = sender.toString('latin1')
    for (const { messages, senders } of this.keys) {
      const held = senders.get(senderName)
      const key = held ?? keyOf(messages, sender)
      const plain = opened(key, { head, channel, rest: sealed.subarray(HEAD_LENGTH) })
      if (plain === null) continue
      // Remembered only now: made-up senders must not push out real ones.
      if (held === undefined) senders.set(senderName, key)
      return { kind: 'opened', plain }
    }
    return FORGED
  }
}

const MALFORMED: Opened = { kind: 'refused', why: 'malformed' }
const OTHER_VERSION: Opened = { kind: 'refused', why: 'version' }
const FORGED: Opened = { kind: 'refused', why: 'forged' }
const OWN: Opened = { kind: 'own' }

const channelUnder = (names: KeyObject, subject: string): string =>
  `satchel:${createHmac('sha256', names).update(subject).digest('base64url').slice(0, NAME_LENGTH)}`

const keyOf = (messages: KeyObject, sender: Buffer): KeyObject =>
  createSecretKey(Buffer.from(hkdfSync('sha256', messages, sender, 'satchel/fan-out-sender', 32)))

function nonceOf(head: Buffer): Buffer {
  const nonce = Buffer.alloc(NONCE_LENGTH)
  head.copy(nonce, NONCE_LENGTH - COUNTER_LENGTH, 1 + SENDER_LENGTH)
  return nonce
}

const boundTo = (head: Buffer, channel: string): Buffer => Buffer.concat([head, Buffer.from(channel, 'utf8')])

function opened(
  key: KeyObject,
  { head, channel, rest }: Readonly<{ head: Buffer; channel: string; rest: Buffer }>,
): Buffer | null {
  const decipher = createDecipheriv('aes-256-gcm', key, nonceOf(head), { authTagLength: TAG_LENGTH })
  decipher.setAAD(boundTo(head, channel))
  decipher.setAuthTag(rest.subarray(rest.length - TAG_LENGTH))
  const plain = decipher.update(rest.subarray(0, rest.length - TAG_LENGTH))
  try {
    decipher.final()
  } catch {
    return null
  }
  return plain
}
