import type { WebIdentity } from '../../identity/web-identity.js'
import { assumedRole, type Place } from '../../identity/place.js'
import { OWN_PROVIDER } from '../../identity/login-proofs.js'
import { refuse } from '../../refusal.js'
import { secret, text, whole } from '../cognito-identity/checks.js'
import { Optional, readRequest, Required } from '../cognito-identity/read-request.js'
import { membersOf } from './form.js'
import type { Xml } from './xml.js'

const LIFE_SECONDS = 3_600

/** AWS: arnType. */
const PRINTABLE = /^[\u0009\u000A\u000D\u0020-\u007E\u0085\u00A0-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]+$/u

export class AssumeRoleWithWebIdentityRequest {
  @Required(text({ min: 20, max: 2_048, pattern: PRINTABLE })) RoleArn!: string
  @Required(text({ min: 2, max: 64, pattern: /^[\w+=,.@-]*$/ })) RoleSessionName!: string
  @Required(secret({ min: 4, max: 20_000 })) WebIdentityToken!: string
  @Optional(whole({ min: 900, max: 43_200 })) DurationSeconds?: number
}

/** The basic flow's last step; nobody signs it. */
export async function assumeRoleWithWebIdentity(
  form: ReadonlyMap<string, string>,
  { webIdentity, place }: Readonly<{ webIdentity: WebIdentity; place: Place }>,
): Promise<Xml> {
  refuseSessionPolicies(form)
  const request = readRequest(AssumeRoleWithWebIdentityRequest, membersOf(form, ['DurationSeconds']))
  const session = { roleArn: request.RoleArn, sessionName: request.RoleSessionName }
  const { identity, pool, credentials } = await webIdentity.assumeRole({
    ...session,
    token: request.WebIdentityToken,
    lifeSeconds: request.DurationSeconds ?? LIFE_SECONDS,
  })
  const { arn, id } = assumedRole(place, session)
  return {
    SubjectFromWebIdentityToken: identity,
    Audience: pool,
    Provider: OWN_PROVIDER,
    AssumedRoleUser: { AssumedRoleId: id, Arn: arn },
    Credentials: {
      AccessKeyId: credentials.accessKeyId,
      SecretAccessKey: credentials.secretAccessKey,
      SessionToken: credentials.sessionToken,
      Expiration: new Date(credentials.expiresAt).toISOString().replace('.000Z', 'Z'),
    },
  }
}

/** Who sends a policy wants less than the role has. There is no such less here, and more must not be given (Q5). */
function refuseSessionPolicies(form: ReadonlyMap<string, string>): void {
  for (const name of form.keys()) {
    if (name !== 'Policy' && !name.startsWith('PolicyArns.')) continue
    refuse(
      'InvalidParameter',
      'Policy and PolicyArns are not supported: a session reaches its own identity only, and all of it',
    )
  }
}
