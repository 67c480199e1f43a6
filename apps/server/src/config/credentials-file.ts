import type { AdminCredentials } from './config.js'
import { accessKeyId, secretAccessKey } from './setting-checks.js'

type ParsedCredentials =
  Readonly<{ credentials: AdminCredentials; fault: null }> | Readonly<{ credentials: null; fault: string }>

/** Profiles the server looks for; the first that is there counts. */
const PROFILES = ['default', 'satchel'] as const

/** An AWS shared-credentials file: `AWS_SHARED_CREDENTIALS_FILE=<path> aws …` works without naming a profile. */
export const printCredentialsFile = ({ accessKeyId: id, secretAccessKey: secret }: AdminCredentials): string =>
  ['[default]', `aws_access_key_id = ${id}`, `aws_secret_access_key = ${secret}`, ''].join('\n')

/** Reads such a file; a fault continues a sentence that begins with the file's name and never quotes a secret. */
export function parseCredentialsFile(text: string): ParsedCredentials {
  const profiles = readProfiles(text)
  const profile = PROFILES.map((name) => profiles.get(name)).find((found) => found !== undefined)
  if (profile === undefined) return faulty('has neither a [default] nor a [satchel] profile')

  const id = profile.get('aws_access_key_id')
  const secret = profile.get('aws_secret_access_key')
  if (id === undefined) return faulty('names no aws_access_key_id')
  if (secret === undefined) return faulty('names no aws_secret_access_key')
  const wrongId = accessKeyId(id)
  if (wrongId !== null) return faulty(`has an aws_access_key_id that ${wrongId}`)
  const wrongSecret = secretAccessKey(secret)
  if (wrongSecret !== null) return faulty(`has an aws_secret_access_key that ${wrongSecret}`)
  return { credentials: { accessKeyId: id, secretAccessKey: secret }, fault: null }
}

function readProfiles(text: string): ReadonlyMap<string, ReadonlyMap<string, string>> {
  const profiles = new Map<string, Map<string, string>>()
  let current = new Map<string, string>()
  for (const line of text.split(/\r?\n/)) {
    const header = /^\s*\[\s*([^\]]*?)\s*\]\s*$/.exec(line)?.[1]
    if (header !== undefined) {
      current = new Map()
      profiles.set(header, current)
      continue
    }
    const [, name, value] = /^\s*([^#;=\s][^=]*?)\s*=\s*(.*?)\s*$/.exec(line) ?? []
    if (name !== undefined && value !== undefined) current.set(name.toLowerCase(), value)
  }
  return profiles
}

const faulty = (fault: string): ParsedCredentials => ({ credentials: null, fault })
