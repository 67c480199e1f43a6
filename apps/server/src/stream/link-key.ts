import { recordsLinkKey, type RecordsLinkKey } from '../access/records-link.js'
import type { Keyring } from '../access/keyring.js'
import type { Config } from '../config/config.js'

const DAY_MS = 86_400_000

/** Makes links that open for as long as the change log is kept; stores and relay make the same. */
export const linkKeyOf = ({ stream }: Pick<Config, 'stream'>, keyring: Keyring): RecordsLinkKey =>
  recordsLinkKey(keyring, stream.retentionDays * DAY_MS)
