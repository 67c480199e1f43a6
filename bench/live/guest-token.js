/** An OpenID token of a new guest's. */
export async function guestToken(url, pool) {
  const { IdentityId } = await call(url, 'GetId', { IdentityPoolId: pool })
  return guestTokenOf(url, IdentityId)
}

/** An OpenID token of a guest. */
export async function guestTokenOf(url, IdentityId) {
  const { Token } = await call(url, 'GetOpenIdToken', { IdentityId })
  return Token
}

async function call(url, operation, body) {
  const answer = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': `AWSCognitoIdentityService.${operation}`,
    },
    body: JSON.stringify(body),
  })
  if (answer.ok) return answer.json()
  throw new Error(`${operation} was answered ${answer.status}: ${await answer.text()}`)
}
