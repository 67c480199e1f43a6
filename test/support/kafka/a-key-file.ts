import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { aCertificate } from './a-certificate.js'

/** Key and certificate of a broker in one file, as it takes them, and the certificate alone, as its clients do. */
export type KeyFile = Readonly<{ path: string; certificate: string; remove(): void }>

export function aKeyFile(): KeyFile {
  const { key, certificate } = aCertificate()
  const folder = mkdtempSync(join(tmpdir(), 'satchel-kafka-key-'))
  const path = join(folder, 'broker.pem')
  writeFileSync(path, `${key}\n${certificate}`)
  return { path, certificate, remove: () => rmSync(folder, { recursive: true, force: true }) }
}
