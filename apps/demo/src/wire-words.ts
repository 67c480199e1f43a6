import type { WireEvent } from '@satchel/client'
import { counted } from './words.js'

const SECRETS: ReadonlySet<string> = new Set(['token', 'Token'])

/** The message, indented, with tokens cut: people show their screens. */
export function messageText(body: unknown): string {
  if (body === undefined || body === null) return ''
  return (
    JSON.stringify(
      body,
      (name, value: unknown) => (SECRETS.has(name) && typeof value === 'string' ? `${value.slice(0, 6)}…` : value),
      2,
    ) ?? ''
  )
}

/** What a message is about, in a few words. Messages it does not know say nothing. */
export function gistOf({ body }: WireEvent): string {
  const message = answerIn(body)
  if (message === null) return ''
  if (isMessage(message['error'])) return textOf(message['error']['message'])
  if (Array.isArray(message['datasets'])) return message['datasets'].filter(isMessage).map(datasetGist).join('; ')
  if (Array.isArray(message['changed'])) return counted(message['changed'].length, 'dataset')
  if (typeof message['through'] === 'number') return `${textOf(message['dataset'])}, ${changesGist(message)}`
  if (typeof message['identity'] === 'string') return message['identity']
  return ''
}

type Message = Readonly<Record<string, unknown>>

const isMessage = (value: unknown): value is Message => typeof value === 'object' && value !== null

/** An answer comes in an envelope that says whether it is one. */
function answerIn(body: unknown): Message | null {
  if (!isMessage(body)) return null
  return isMessage(body['answer']) ? body['answer'] : body
}

function datasetGist(dataset: Message): string {
  const parts = [textOf(dataset['dataset'])]
  if (typeof dataset['since'] === 'number') parts.push(`since ${dataset['since']}`)
  const batch = dataset['batch']
  if (isMessage(batch)) {
    if (Array.isArray(batch['patches']))
      parts.push(`batch ${textOf(batch['number'])} of ${patchesInWords(batch['patches'].length)}`)
    else
      parts.push(
        batch['outcome'] === 'accepted' ? `accepted at ${textOf(batch['syncCount'])}` : textOf(batch['outcome']),
      )
  }
  if (isMessage(dataset['changes'])) parts.push(changesGist(dataset['changes']))
  return parts.join(', ')
}

function changesGist(changes: Message): string {
  const records = changes['records']
  const through = `through ${textOf(changes['through'])}`
  return Array.isArray(records) && records.length > 0 ? `${counted(records.length, 'record')} ${through}` : through
}

const textOf = (value: unknown): string => (typeof value === 'string' || typeof value === 'number' ? String(value) : '')

const patchesInWords = (count: number): string => (count === 1 ? '1 patch' : `${count} patches`)
