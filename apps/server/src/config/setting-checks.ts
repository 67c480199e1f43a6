import { ID_LENGTH_MAX } from '@satchel/protocol'
import { isIP } from 'node:net'
import { OTHER_MASTER_KEYS_MAX } from '../access/keyring.js'
import { rangeFault } from '../access/trusted-proxies.js'
import { registerDecorator } from '../validator.js'
import { escapeFault, NO_LOGIN_URL } from './login-url.js'

/** What is wrong with a setting's text, in words that follow its name; null when nothing is. Never quotes it. */
export type SettingCheck = (text: string) => string | null

/** Lets a check judge a setting; one that is not set passes. */
export function Checked(check: SettingCheck): PropertyDecorator {
  return (target, property) => {
    registerDecorator({
      name: 'setting',
      target: target.constructor,
      propertyName: String(property),
      validator: {
        validate: (text: string | undefined) => text === undefined || check(text) === null,
        defaultMessage: (args) => check(String(args?.value)) ?? '',
      },
    })
  }
}

export const wholeNumber =
  (min: number, max: number): SettingCheck =>
  (text) => {
    if (!/^\d{1,15}$/.test(text)) return 'is not a whole number'
    const number = Number(text)
    if (number < min) return `is below ${min}`
    return number > max ? `is above ${max}` : null
  }

/** Kubernetes describes a Service named `satchel` to every pod beside it in a variable of this very name. */
export const port: SettingCheck = (text) =>
  text.startsWith('tcp://')
    ? 'is what Kubernetes sets for a Service named "satchel"; set enableServiceLinks: false in the pod'
    : wholeNumber(0, 65_535)(text)

export const oneOf =
  (words: readonly string[]): SettingCheck =>
  (text) =>
    words.includes(text) ? null : 'is not one of the words it takes'

export const host: SettingCheck = (text) => {
  if (isIP(text) !== 0 || (HOST_NAME.test(text) && !/^[\d.]+$/.test(text))) return null
  if (text.startsWith('[')) return 'has brackets, which an IPv6 address does not take here'
  return 'is neither an IP address nor a host name'
}

export const publicUrl: SettingCheck = (text) => {
  if (!URL.canParse(text)) return 'is not a URL'
  const url = new URL(text)
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return 'is neither http nor https'
  if (url.username !== '' || url.password !== '') return 'carries a user name or password'
  // Signatures cover the path, so a server below a prefix that a proxy strips could verify none of them.
  if (url.pathname !== '/' || text.includes('?') || text.includes('#')) return 'has more than scheme, host and port'
  return null
}

export const origins: SettingCheck = (text) => {
  const listed = splitList(text)
  if (listed.length === 0) return 'names no origin'
  if (listed.length > 1 && listed.includes('*')) return 'names origins beside *, which already stands for all'
  const wrong = listed.findIndex((origin) => origin !== '*' && normalOrigin(origin) === null)
  return wrong < 0 ? null : `is not an origin at place ${wrong + 1} of its list`
}

export const trustedProxies: SettingCheck = (text) => {
  const listed = splitList(text)
  if (listed.length === 0) return 'names no proxy'
  const wrong = listed.findIndex((range) => rangeFault(range) !== null)
  return wrong < 0 ? null : `is no list of proxies: what stands at place ${wrong + 1} ${rangeFault(listed[wrong]!)}`
}

/** Ids carry the region in front, and have a longest form. */
export const region: SettingCheck = (text) =>
  REGION.test(text) && text.length <= REGION_LENGTH_MAX ? null : 'does not look like a region'

export const accountId: SettingCheck = (text) => (/^\d{12}$/.test(text) ? null : 'is not 12 digits')

export const accessKeyId: SettingCheck = (text) => {
  if (!/^\w{16,128}$/.test(text)) return 'does not have the form of an access key id'
  // These are the temporary ones, which are verified in another way.
  return text.startsWith('ASIA') ? 'begins with ASIA, as temporary credentials do' : null
}

export const secretAccessKey: SettingCheck = (text) => {
  if (!/^[\x21-\x7e]+$/.test(text)) return 'has characters other than printable ASCII, or spaces'
  if (text.length < SECRET_LENGTH_MIN) return `has ${text.length} characters, too few to be hard to guess`
  return text.length > SECRET_LENGTH_MAX ? `has ${text.length} characters, too many` : null
}

export const masterKey: SettingCheck = (text) => {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return 'is not base64'
  const bytes = Buffer.from(text, 'base64').length
  return bytes === MASTER_KEY_BYTES ? null : `decodes to ${bytes} bytes`
}

export const otherMasterKeys: SettingCheck = (text) => {
  const listed = splitList(text)
  if (listed.length === 0) return 'names no key'
  if (listed.length > OTHER_MASTER_KEYS_MAX)
    return `names ${listed.length} keys, at most ${OTHER_MASTER_KEYS_MAX} are tried`
  const wrong = listed.findIndex((key) => masterKey(key) !== null)
  return wrong < 0 ? null : `is no list of keys: the one at place ${wrong + 1} ${masterKey(listed[wrong]!)}`
}

export const databaseUrl: SettingCheck = (text) => {
  if (!/^postgres(ql)?:\/\//i.test(text)) return 'does not begin with postgres:// or postgresql://'
  if (!URL.canParse(text)) return NO_LOGIN_URL
  const { username, password, pathname } = new URL(text)
  if (!/^\/[^/]+$/.test(pathname)) return 'names no database behind its last slash'
  return escapeFault(username, password, pathname)
}

/** The parts of a comma-separated list, blanks around them and empty parts left out. */
export const splitList = (text: string): readonly string[] =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')

/** An origin as browsers write it in their Origin header; null for what is none. */
export function normalOrigin(text: string): string | null {
  if (!ORIGIN.test(text) || !URL.canParse(text)) return null
  const { origin } = new URL(text)
  // Apps in a web view have schemes of their own, for which URL knows no origin.
  return origin === 'null' ? text.toLowerCase() : origin
}

export const MASTER_KEY_BYTES = 32
export const SECRET_LENGTH_MIN = 32
export const SECRET_LENGTH_MAX = 128
/** What an id's 55 characters leave when a colon and a GUID are taken off. */
export const REGION_LENGTH_MAX = ID_LENGTH_MAX - 37

const HOST_NAME = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/i
const REGION = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/
const ORIGIN = /^[a-z][a-z0-9+.-]*:\/\/[^/?#@\s]+$/i
