import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { readConfig, type Config } from '../config/config.js'
import { existingKeyringOf } from '../config/keyring-of.js'
import { replaceMasterKey } from '../config/replace-master-key.js'
import { KEYS_KEPT_MS, KEYS_READ_EVERY_MS, SIGNS_AFTER_MS } from '../domain/signing-times.js'
import { KeyRotation } from '../identity/key-rotation.js'
import { makePrivateKey } from '../identity/new-signing-key.js'
import { PrivateKeyBox } from '../identity/private-key-box.js'
import { SystemClock } from '../runtime/clock.js'
import { SystemRandom } from '../runtime/random.js'
import { DATABASE_FILE } from '../store/database-file.js'
import { takeUnlessTaken } from '../store/typeorm/directory-lock.js'
import { UsageFault } from './command.js'
import { optionsOf } from './options.js'
import { withSigningKeys } from './opened-keys.js'

export const usage = `npx satchel rotate-keys [options]

Without an option: closes the signing keys in the database under the present master key, where they are closed under another one that is given as
well. Do this once every server seals with the present one. Runs beside servers, with their settings, as often as one likes.

  --signing          adds a signing key for OpenID tokens. Servers publish it within ${seconds(KEYS_READ_EVERY_MS)} and sign with it later; the one
                     that signs now is believed until its last token has ended, then forgotten
  --signs-after <s>  with --signing: seconds until it signs, ${seconds(SIGNS_AFTER_MS)} unless said otherwise. Verifiers may keep the published keys
                     for ${seconds(KEYS_KEPT_MS)}
  --new-master-key   makes a new master key in the data directory, and keeps the old one beside it, which opens what it closed. For a key that
                     does not come from SATCHEL_MASTER_KEY. A server that runs goes on with the old one until it is started anew
  --forget-unopened  removes signing keys that no master key given here opens, for one that is lost; tokens that they signed are refused from then on
  --help

npx satchel keys shows what there is; docs/KEYS.md says in which order to do this with several servers.
`

const OPTIONS = {
  signing: { type: 'boolean' },
  'signs-after': { type: 'string' },
  'new-master-key': { type: 'boolean' },
  'forget-unopened': { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const

const SIGNS_AFTER_SECONDS_MAX = 7 * 86_400

export async function run(args: readonly string[]): Promise<number> {
  const options = optionsOf(OPTIONS, args)
  if (options.help === true) {
    process.stdout.write(usage)
    return 0
  }
  const wanted = (['signing', 'new-master-key', 'forget-unopened'] as const).filter((name) => options[name] === true)
  if (wanted.length > 1) throw new UsageFault(`rotate-keys does one thing at a time, not --${wanted.join(' and --')}`)
  const afterMs = signsAfterMs(options['signs-after'], options.signing === true)
  process.stdout.write(await done(wanted[0] ?? 'close-anew', readConfig(process.env), afterMs))
  return 0
}

function done(what: 'signing' | 'new-master-key' | 'forget-unopened' | 'close-anew', config: Config, afterMs: number) {
  switch (what) {
    case 'signing':
      return addSigningKey(config, afterMs)
    case 'new-master-key':
      return newMasterKey(config)
    case 'forget-unopened':
      return forgetUnopened(config)
    case 'close-anew':
      return closeAnew(config)
  }
}

function closeAnew(config: Config): Promise<string> {
  return rotating(config, async (rotation, [present]) => {
    const { keys, closed } = await rotation.closeAnew()
    if (keys === 0) return 'There are no signing keys yet; a server makes one when it starts.\n'
    if (closed === 0) return `The signing keys (${keys}) are closed under ${present} already.\n`
    return `Closed ${closed} signing keys anew, under ${present}. npx satchel keys says until when other master keys are needed.\n`
  })
}

function addSigningKey(config: Config, afterMs: number): Promise<string> {
  return rotating(config, async (rotation) => {
    const { kind, key } = await rotation.addSigningKey(afterMs)
    const from = new Date(key.signsFrom).toISOString()
    if (kind === 'waits')
      return `The signing key ${key.kid} was added before, and signs from ${from} on; none was added now.\n`
    const early = KEYS_READ_EVERY_MS + KEYS_KEPT_MS
    const warning =
      afterMs >= early
        ? ''
        : `Verifiers that keep the published keys may refuse its tokens for up to ${seconds(early - afterMs)}.\n`
    return `Added the signing key ${key.kid}. Every server publishes it within ${seconds(KEYS_READ_EVERY_MS)}, and signs with it from ${from} on.\n${warning}`
  })
}

function forgetUnopened(config: Config): Promise<string> {
  return rotating(config, async (rotation) => {
    const kids = await rotation.forgetUnopened()
    return kids.length === 0
      ? 'Every signing key opens; none was removed.\n'
      : `Removed the signing keys ${kids.join(', ')}.\n`
  })
}

/** While the directory is taken, no server starts; one that runs goes on with what it has read. */
async function newMasterKey(config: Config): Promise<string> {
  const { dataDir, masterKey } = config
  if (masterKey !== null) {
    throw new UsageFault(
      '--new-master-key is for a master key in the data directory, and SATCHEL_MASTER_KEY names one; docs/KEYS.md says how to exchange that',
    )
  }
  existingKeyringOf(config)
  const lock = takeUnlessTaken(dataDir) // null where a server has it
  try {
    const isEmpty = !existsSync(join(dataDir, DATABASE_FILE))
    // Before anything is altered: the database can be used, and its keys open.
    if (!isEmpty) await rotating(config, (rotation) => rotation.closeAnew().then(() => ''))
    const { from, to } = replaceMasterKey(dataDir, new SystemRandom())
    const made = `The master key is now ${to}. The one before, ${from}, is kept beside it and opens what it closed.\n`
    if (lock === null) {
      return `${made}A server runs in ${dataDir}: start it anew, so that it seals with the new key, and then run npx satchel rotate-keys.\n`
    }
    return isEmpty ? made : made + (await closeAnew(config))
  } finally {
    lock?.close()
  }
}

/** Does `work` over the database of the settings; it is told the fingerprints of the master keys. */
function rotating(
  config: Config,
  work: (rotation: KeyRotation, fingerprints: readonly string[]) => Promise<string>,
): Promise<string> {
  const random = new SystemRandom()
  const box = new PrivateKeyBox(existingKeyringOf(config), random)
  const parts = { box, clock: new SystemClock(), region: config.region, makePrivateKey }
  return withSigningKeys(config, (store) => work(new KeyRotation({ ...parts, store }), box.fingerprints))
}

function signsAfterMs(given: string | undefined, signing: boolean): number {
  if (given === undefined) return SIGNS_AFTER_MS
  if (!signing) throw new UsageFault('--signs-after goes with --signing')
  if (!/^\d{1,6}$/.test(given) || Number(given) > SIGNS_AFTER_SECONDS_MAX) {
    throw new UsageFault(`--signs-after takes a number of seconds from 0 to ${SIGNS_AFTER_SECONDS_MAX}`)
  }
  return Number(given) * 1_000
}

function seconds(ms: number): string {
  return `${Math.ceil(ms / 1_000)} s`
}
