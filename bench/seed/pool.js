import { Connection } from '../load/connection.js'
import { Signer } from '../load/sign.js'

/** Makes an identity pool that guests may use, over the API, and answers its id. */
export async function createGuestPool({ port, admin }) {
  const pool = await call(port, admin, 'CreateIdentityPool', {
    IdentityPoolName: 'bench',
    AllowUnauthenticatedIdentities: true,
  })
  await call(port, admin, 'SetIdentityPoolRoles', {
    IdentityPoolId: pool.IdentityPoolId,
    Roles: {
      unauthenticated: 'arn:aws:iam::000000000000:role/bench-guest',
      authenticated: 'arn:aws:iam::000000000000:role/bench-user',
    },
  })
  return pool.IdentityPoolId
}

async function call(port, admin, operation, body) {
  const request = new Signer(admin, 'cognito-identity').request({
    method: 'POST',
    port,
    path: '/',
    body: JSON.stringify(body),
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': `AWSCognitoIdentityService.${operation}`,
    },
  })
  const connection = await Connection.open(port)
  try {
    return await new Promise((resolve, reject) =>
      connection.send(
        request,
        (status, answer) => {
          if (status === 200) resolve(answer() === '' ? {} : JSON.parse(answer()))
          else reject(new Error(`${operation} was answered ${status}: ${answer()}`))
        },
        reject,
      ),
    )
  } finally {
    connection.close()
  }
}
