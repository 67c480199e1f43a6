import { faultInTextMember, parseIdentityId, violated, type IdentityId, type IdentityPoolId } from '@satchel/protocol'
import { isJsonObject, parseJson } from '../aws/http/parse-json.js'
import type { DeveloperIdentities } from '../identity/developer-identities.js'
import { Refusal, refuseViolations } from '../refusal.js'

/** The developer provider of the demo pool. */
export const DEMO_PROVIDER = 'satchel.demo'

const USER_LENGTH_MAX = 64

export type DemoSignIn = Readonly<{ user: string; guest: IdentityId | null }>

/**
 * What an app's own backend does once it has checked a password, but without any: whoever asks is whom they say they are. For the demo
 * pool only, and only while the demo is on.
 */
export class DemoLogin {
  constructor(
    private readonly deps: Readonly<{ pool: IdentityPoolId; developers: Pick<DeveloperIdentities, 'signIn'> }>,
  ) {}

  /** The guest becomes the user, unless the user is somebody already. */
  async signIn({ user, guest }: DemoSignIn): Promise<Readonly<{ identityId: IdentityId; token: string }>> {
    const { pool, developers } = this.deps
    const asked = { pool, logins: new Map([[DEMO_PROVIDER, user]]), principalTags: new Map(), lifeSeconds: null }
    const { identity, token } = await developers.signIn({ ...asked, identity: guest }).catch((fault: unknown) => {
      if (guest === null || !(fault instanceof Refusal)) throw fault
      return developers.signIn({ ...asked, identity: null })
    })
    return { identityId: identity, token }
  }
}

/** Reads `{ user, guest }`; anything else is refused. */
export function parseDemoSignIn(body: Buffer): DemoSignIn {
  const sent = parseJson(body)
  if (!isJsonObject(sent)) throw new Refusal('InvalidParameter', 'the body must be an object')
  for (const name of Object.keys(sent)) {
    if (name !== 'user' && name !== 'guest') {
      throw new Refusal('InvalidParameter', 'the body has a member other than user and guest')
    }
  }
  const fault = faultInTextMember(sent['user'], { min: 1, max: USER_LENGTH_MAX })
  const user = fault === null ? null : violated('user', sent['user'], fault)
  if (user !== null && !user.ok) refuseViolations('InvalidParameter', [user.violation])
  const guest = sent['guest'] ?? null
  if (guest === null) return { user: sent['user'] as string, guest: null }
  const parsed = parseIdentityId(guest, 'guest')
  if (!parsed.ok) return refuseViolations('InvalidParameter', [parsed.violation])
  return { user: sent['user'] as string, guest: parsed.value }
}
