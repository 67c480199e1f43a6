import { faultInTextMember, type TextBounds } from '@satchel/protocol'
import type { SyncSettings } from '../../datasets/pool-connections.js'
import type { ConnectionsChange } from '../../stream/stream-settings.js'
import type { StreamWish } from '../../domain/sync-settings.js'
import { isJsonObject, member, parseJsonObject, type JsonObject, type JsonValue } from '../http/parse-json.js'
import { refuseMember } from './refuse-member.js'

/** What a request makes of the settings that are held. */
export type EventsChange = (held: SyncSettings) => SyncSettings

const ROLE_ARN: TextBounds = { min: 20, max: 2_048, pattern: /^arn:aws:iam::\d+:role\/.*$/ }
const STREAM_NAME: TextBounds = { min: 1, max: 128 }
const APPLICATION_ARN: TextBounds = {
  min: 1,
  max: 2_048,
  pattern: /^arn:aws:sns:[-0-9a-z]+:\d+:app\/[A-Z_]+\/[a-zA-Z0-9_.-]+$/,
}
const APPLICATION_ARNS_MAX = 100
const FUNCTION_ARN_LENGTH_MAX = 2_048
const STREAMING_STATUSES: readonly JsonValue[] = ['ENABLED', 'DISABLED']

/** Reads the body of SetIdentityPoolConfiguration. A part that is not given stays as it is; an empty one clears it (F14). */
export function parseConfigurationChange(body: Buffer): ConnectionsChange {
  const sent = parseJsonObject(body)
  const push = structure(sent, 'PushSync', 'pushSync')
  const streams = structure(sent, 'CognitoStreams', 'cognitoStreams')
  const pushSync = push && pushSyncOf(push)
  const cognitoStreams = streams && cognitoStreamsOf(streams)
  return {
    ...(pushSync === undefined ? {} : { pushSync }),
    ...(cognitoStreams === undefined ? {} : { cognitoStreams }),
  }
}

/** Reads the body of SetCognitoEvents: only the given entry changes, and an empty function removes it (F14). */
export function parseEventsChange(body: Buffer): EventsChange {
  const events = structure(parseJsonObject(body), 'Events', 'events')
  if (events === undefined) return refuseMember('events', undefined, 'Member must not be null')
  const names = Object.keys(events)
  if (names.length > 1) return refuseMember('events', {}, 'Member must have length less than or equal to 1')
  if (names.some((name) => name !== 'SyncTrigger')) {
    return refuseMember(
      'events',
      {},
      'Map keys must satisfy constraint: [Member must satisfy enum value set: [SyncTrigger]]',
    )
  }
  if (names.length === 0) return (held) => held
  const trigger = text(events, 'SyncTrigger', 'events.SyncTrigger.member', { max: FUNCTION_ARN_LENGTH_MAX })
  return (held) => ({ ...held, events: trigger === '' ? {} : { SyncTrigger: trigger } })
}

function pushSyncOf(sent: JsonObject): SyncSettings['pushSync'] {
  const arns = member(sent, 'ApplicationArns') ?? []
  const at = 'pushSync.applicationArns'
  if (!Array.isArray(arns)) return refuseMember(at, {}, 'Member must be a list')
  if (arns.length > APPLICATION_ARNS_MAX) {
    return refuseMember(at, {}, `Member must have length less than or equal to ${APPLICATION_ARNS_MAX}`)
  }
  if (arns.length === 0 && member(sent, 'RoleArn') === undefined) return null
  return {
    applicationArns: (arns as readonly JsonValue[]).map((arn, index) =>
      textOf(arn, `${at}.${index + 1}.member`, APPLICATION_ARN),
    ),
    roleArn: text(sent, 'RoleArn', 'pushSync.roleArn', ROLE_ARN),
  }
}

function cognitoStreamsOf(sent: JsonObject): StreamWish | null {
  const status = member(sent, 'StreamingStatus')
  const isEmpty = ['StreamName', 'RoleArn', 'StreamingStatus'].every((name) => member(sent, name) === undefined)
  if (isEmpty) return null
  const at = 'cognitoStreams.streamingStatus'
  if (status === undefined) return refuseMember(at, undefined, 'Member must not be null')
  if (!STREAMING_STATUSES.includes(status)) {
    return refuseMember(at, status, 'Member must satisfy enum value set: [ENABLED, DISABLED]')
  }
  return {
    streamName: text(sent, 'StreamName', 'cognitoStreams.streamName', STREAM_NAME),
    roleArn: text(sent, 'RoleArn', 'cognitoStreams.roleArn', ROLE_ARN),
    streamingStatus: status as StreamWish['streamingStatus'],
  }
}

function structure(sent: JsonObject, name: string, at: string): JsonObject | undefined {
  const value = member(sent, name)
  return value === undefined || isJsonObject(value) ? value : refuseMember(at, {}, 'Member must be a structure')
}

const text = (sent: JsonObject, name: string, at: string, bounds: TextBounds): string =>
  textOf(member(sent, name), at, bounds)

function textOf(value: JsonValue | undefined, at: string, bounds: TextBounds): string {
  const fault = faultInTextMember(value, bounds)
  return fault === null ? (value as string) : refuseMember(at, value, fault)
}
