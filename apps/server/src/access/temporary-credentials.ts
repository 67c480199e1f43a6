import { createHmac } from 'node:crypto'
import type { IdentityId, IdentityPoolId } from '@satchel/protocol'
import { refuse } from '../refusal.js'
import type { Clock } from '../runtime/clock.js'
import type { Random } from '../runtime/random.js'
import type { Caller } from './caller.js'
import type { Keyring, Subkeys } from './keyring.js'
import type { Seal } from './seal.js'

/** What temporary credentials are good for. */
export type CredentialsGrant = Readonly<{
  pool: IdentityPoolId
  identity: IdentityId
  authenticated: boolean
  roleArn: string
  sessionName: string
  lifeSeconds: number
}>

export type IssuedCredentials = Readonly<{
  accessKeyId: string
  secretAccessKey: string
  sessionToken: string
  /** Epoch milliseconds, whole seconds. */
  expiresAt: number
}>

/** What temporary credentials come to when they are shown. */
export type OpenedCredentials = Readonly<{ caller: IdentityCaller; secretAccessKey: string }>

export type IdentityCaller = Extract<Caller, { kind: 'identity' }>

/** A token travels in a header with every request, and servers and proxies take 8 to 16 KiB of headers in all. */
export const SESSION_TOKEN_LENGTH_MAX = 2_047

/** What access key ids of temporary credentials begin with, and no others. */
export const TEMPORARY_PREFIX = 'ASIA'

/**
 * Credentials of an identity for a while. They are kept nowhere: the secret follows from the access key id under the
 * server's master key (K2), and the session token says, sealed, whose they are and for how long (K3). Both under the same key, so the
 * token tells which of several it was.
 */
export class TemporaryCredentials {
  private readonly secretKeys: Subkeys

  constructor(private readonly deps: Readonly<{ keyring: Keyring; seal: Seal; clock: Clock; random: Random }>) {
    this.secretKeys = deps.keyring.subkeys('temporary-secret')
  }

  /** Makes credentials. Refuses a role whose name would make the session token too long to travel (K4). */
  issue(grant: CredentialsGrant): IssuedCredentials {
    const { clock, random, seal } = this.deps
    const accessKeyId = newAccessKeyId(random)
    const expiresAt = Math.floor(clock.now() / 1000 + grant.lifeSeconds) * 1000
    const sessionToken = seal.close('credentials', [accessKeyId], textOf(grant, expiresAt))
    if (sessionToken.length > SESSION_TOKEN_LENGTH_MAX) {
      refuse(
        'InvalidParameter',
        `the role ARN has ${grant.roleArn.length} characters, which makes a session token of ${sessionToken.length}; ` +
          `at most ${SESSION_TOKEN_LENGTH_MAX} can travel in a header`,
      )
    }
    return { accessKeyId, secretAccessKey: this.secretOf(accessKeyId, 0), sessionToken, expiresAt }
  }

  /** Whom a session token speaks for, expired or not, and who signs with; null unless it was issued here, with this access key id. */
  open(accessKeyId: string, sessionToken: string): OpenedCredentials | null {
    const opened = this.deps.seal.opened('credentials', [accessKeyId], sessionToken)
    if (opened === null) return null
    return {
      caller: callerOf(accessKeyId, opened.text),
      secretAccessKey: this.secretOf(accessKeyId, opened.place),
    }
  }

  /** 40 characters. */
  private secretOf(accessKeyId: string, place: number): string {
    return createHmac('sha256', this.secretKeys[place]!).update(accessKeyId).digest('base64').slice(0, 40)
  }
}

/** What a session token says. Tokens outlive a deployment, so members may be added and never change their meaning. */
type Claims = Readonly<{
  pool: string
  identity: string
  authenticated: boolean
  role: string
  session: string
  /** Epoch seconds. */
  expires: number
}>

function textOf({ pool, identity, authenticated, roleArn, sessionName }: CredentialsGrant, expiresAt: number): string {
  const claims: Claims = {
    pool,
    identity,
    authenticated,
    role: roleArn,
    session: sessionName,
    expires: expiresAt / 1000,
  }
  return JSON.stringify(claims)
}

function callerOf(accessKeyId: string, text: string): IdentityCaller {
  const claims = JSON.parse(text) as Claims // written by textOf: the seal is ours
  return {
    kind: 'identity',
    pool: claims.pool as IdentityPoolId,
    identity: claims.identity as IdentityId,
    authenticated: claims.authenticated,
    roleArn: claims.role,
    sessionName: claims.session,
    accessKeyId,
    expiresAt: claims.expires * 1000,
  }
}

/** `ASIA` and 16 letters or digits: 80 bits of chance (K1). */
function newAccessKeyId(random: Random): string {
  let id = TEMPORARY_PREFIX
  for (const byte of random.bytes(16)) id += KEY_ID_ALPHABET.charAt(byte & 31)
  return id
}

const KEY_ID_ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567' // 32 characters, so that five bits choose one evenly
