import {
  faultInTextMember,
  parseBatch,
  parseDeviceId,
  type Batch,
  type DeviceId,
  type UncheckedPatch,
} from '@satchel/protocol'
import { isJsonObject, member, parseJsonObject, type JsonValue } from '../http/parse-json.js'
import { epochMilliseconds } from './epoch-seconds.js'
import { accepted, refuseMember } from './refuse-member.js'

export type UpdateRecordsBody = Readonly<{ sessionToken: string; batch: Batch; device: DeviceId | null }>

const SESSION_TOKEN_LENGTH_MAX = 16_384

/**
 * Reads the body of UpdateRecords. Patches go through the protocol's own parser, member by named member, so that
 * nothing else a client sends is ever believed (H13).
 */
export function parseUpdateRecords(body: Buffer): UpdateRecordsBody {
  const sent = parseJsonObject(body)
  const sessionToken = member(sent, 'SyncSessionToken')
  const fault = faultInTextMember(sessionToken, { min: 1, max: SESSION_TOKEN_LENGTH_MAX })
  if (fault !== null) refuseMember('syncSessionToken', shownToken(sessionToken), fault)
  const device = member(sent, 'DeviceId')
  return {
    sessionToken: sessionToken as string,
    device: device === undefined ? null : accepted(parseDeviceId(device)),
    batch: accepted(parseBatch(patchesOf(member(sent, 'RecordPatches')))),
  }
}

/** The model does not require patches: none is a batch of none (F12). */
function patchesOf(sent: JsonValue | undefined): readonly UncheckedPatch[] {
  if (sent === undefined) return []
  if (!Array.isArray(sent)) return refuseMember('recordPatches', {}, 'Member must be a list')
  return (sent as readonly JsonValue[]).map((patch, index) => {
    if (!isJsonObject(patch)) {
      return refuseMember(`recordPatches.${index + 1}.member`, {}, 'Member must be a structure')
    }
    return {
      op: member(patch, 'Op'),
      key: member(patch, 'Key'),
      value: member(patch, 'Value'),
      base: member(patch, 'SyncCount'),
      deviceModifiedAt: epochMilliseconds(member(patch, 'DeviceLastModifiedDate')),
    }
  })
}

/** Tokens are not for messages; only whether one was sent. */
const shownToken = (sent: unknown): unknown => (sent === undefined ? undefined : {})
