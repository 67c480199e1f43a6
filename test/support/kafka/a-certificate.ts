import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A new key, and a certificate of its own for this machine, both PEM; made by openssl, good for two days. */
export function aCertificate(): Readonly<{ key: string; certificate: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'satchel-certificate-'))
  const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')]
  try {
    const names = ['-subj', '/CN=satchel-test', '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost']
    const kind = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2']
    execFileSync('openssl', [...kind, ...names, '-keyout', key, '-out', certificate], { stdio: 'ignore' })
    return { key: readFileSync(key, 'utf8'), certificate: readFileSync(certificate, 'utf8') }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
