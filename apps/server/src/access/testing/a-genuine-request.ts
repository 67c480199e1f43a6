import { AnAccess } from './an-access.js'
import { handSigned, sha256 } from './hand-signed.js'
import type { SignedRequest } from '../verify-caller.js'

/** A request that is accepted and has everything that a forger could touch, and the verifier that judges what was made of it. */
export function aGenuineRequest() {
  const access = new AnAccess()
  const credentials = access.issue()
  const body = Buffer.from('{"SyncSessionToken":"A","RecordPatches":[]}')
  const request = handSigned({
    method: 'POST',
    path: '/identitypools/eu-central-1%3A1/identities/eu-central-1%3A2/datasets/settings',
    query: 'a=&lastSyncCount=12&nextToken=x%3Ay%2Fz',
    headers: {
      'content-type': 'application/json',
      'x-amz-client-context': 'some  context',
      'x-amz-content-sha256': sha256(body),
      'x-amz-target': 'AWSCognitoSyncService.UpdateRecords',
    },
    body,
    credentials,
  })
  /** Answers how many they were. */
  const expectAllRefused = async (forged: Iterable<SignedRequest>): Promise<number> => {
    let count = 0
    for (const one of forged) {
      const verdict = await access.verdict(one)
      if (verdict === 'accepted') throw new Error(`accepted: ${JSON.stringify(one)}`)
      count++
    }
    return count
  }
  return { access, credentials, body, request, expectAllRefused }
}
