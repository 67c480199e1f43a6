import { readConfig, type Config } from '../config/config.js'
import { existingKeyringOf } from '../config/keyring-of.js'
import { KeyRotation, type KeyStanding } from '../identity/key-rotation.js'
import { masterKeyNeed, type MasterKeyNeed } from '../identity/master-key-need.js'
import { makePrivateKey } from '../identity/new-signing-key.js'
import { PrivateKeyBox } from '../identity/private-key-box.js'
import { SystemClock } from '../runtime/clock.js'
import { SystemRandom } from '../runtime/random.js'
import { optionsOf } from './options.js'
import { withSigningKeys } from './opened-keys.js'

export const usage = `npx satchel keys [--help]

Shows, without secrets, the master keys that the settings and the data directory name, by their fingerprints, how long each is still needed, and the
signing keys of OpenID tokens in the database. Runs beside servers, with their settings, and alters nothing.

npx satchel rotate-keys exchanges them; docs/KEYS.md says how.
`

const OPTIONS = { help: { type: 'boolean', short: 'h' } } as const

export async function run(args: readonly string[]): Promise<number> {
  if (optionsOf(OPTIONS, args).help === true) {
    process.stdout.write(usage)
    return 0
  }
  process.stdout.write(await report(readConfig(process.env)))
  return 0
}

async function report(config: Config): Promise<string> {
  const { fingerprints, ...keyring } = keyringFacts(config)
  const clock = new SystemClock()
  const keys = await withSigningKeys(config, (store) =>
    new KeyRotation({ store, ...keyring, clock, region: config.region, makePrivateKey }).standing(),
  )
  const facts = { keys, retentionDays: config.stream.retentionDays, now: clock.now() }
  const masterLines = fingerprints.map((fingerprint, place) =>
    place === 0
      ? `  ${fingerprint}  closes whatever is sealed from now on`
      : `  ${fingerprint}  ${needWords(masterKeyNeed(place, facts))}`,
  )
  const keyLines = keys.map(
    ({ key, state, place }) =>
      `  ${key.kid}  made ${timeOf(key.createdAt)}, closed under ${place === null ? lostWords(key) : fingerprints[place]}, ${stateWords(key, state)}`,
  )
  return [
    'Master keys:',
    ...masterLines,
    'Signing keys of OpenID tokens:',
    ...(keyLines.length > 0 ? keyLines : [NONE]),
    '',
  ].join('\n')
}

const NONE = '  none yet; a server makes one when it starts'

function keyringFacts(config: Config) {
  const box = new PrivateKeyBox(existingKeyringOf(config), new SystemRandom())
  return { box, fingerprints: box.fingerprints }
}

function needWords(need: MasterKeyNeed): string {
  switch (need.kind) {
    case 'closes':
      return `needed: it closes signing keys (${need.kids.join(', ')}), which "npx satchel rotate-keys" changes`
    case 'seals':
      return (
        `needed until ${timeOf(need.sessionsUntil)} for sync sessions and credentials that it sealed, ` +
        `until ${timeOf(need.linksUntil)} for links of the change stream; not if it never was the first one`
      )
    case 'none':
      return 'opens only, and nothing needs it: what it sealed has ended, unless it is to be the first one yet'
    case 'unknown':
      return 'opens; nothing in the database says since when the first one closes, which "npx satchel rotate-keys" notes'
  }
}

function stateWords({ signsFrom }: KeyStanding['key'], state: KeyStanding['state']): string {
  switch (state.kind) {
    case 'waits':
      return `published, signs from ${timeOf(signsFrom)} on`
    case 'signs':
      return `signs since ${timeOf(signsFrom)}`
    case 'believed':
      return `believed until ${timeOf(state.until)}`
    case 'forgotten':
      return 'no longer believed, and removed soon'
  }
}

const lostWords = ({ closedUnder }: KeyStanding['key']): string =>
  `${closedUnder === null ? 'a master key' : closedUnder.fingerprint} that is not given here`

/** To the second. */
const timeOf = (at: number): string => `${new Date(at).toISOString().slice(0, 19)}Z`
