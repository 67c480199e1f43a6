import { Connection } from '../load/connection.js'
import { Signer } from '../load/sign.js'

/** Switches a pool's change stream on, as its owner does. */
export async function enableStream({ port, admin, pool }, topic) {
  const request = new Signer(admin, 'cognito-sync').request({
    method: 'POST',
    port,
    path: `/identitypools/${encodeURIComponent(pool)}/configuration`,
    body: JSON.stringify({
      CognitoStreams: {
        StreamName: topic,
        RoleArn: 'arn:aws:iam::000000000000:role/bench-stream',
        StreamingStatus: 'ENABLED',
      },
    }),
    headers: { 'content-type': 'application/json' },
  })
  const connection = await Connection.open(port)
  try {
    await new Promise((resolve, reject) =>
      connection.send(
        request,
        (status, answer) =>
          status === 200 ? resolve() : reject(new Error(`the stream was not enabled, ${status}: ${answer()}`)),
        reject,
      ),
    )
  } finally {
    connection.close()
  }
}
