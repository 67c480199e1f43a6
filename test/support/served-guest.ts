import { CognitoIdentity, type CreateIdentityPoolCommandInput } from '@aws-sdk/client-cognito-identity'
import { adminOf, aGuest, aPool, at, type Somebody } from './a-pool.js'
import { startServer, type RunningServer } from './start-server.js'

/** What is there once the tests begin. */
export interface ServedGuest {
  readonly server: RunningServer
  /** The account's clients. */
  readonly admin: ReturnType<typeof adminOf>
  /** A client of the identity service that has no credentials. */
  readonly unsigned: CognitoIdentity
  readonly pool: string
  /** A guest of the pool. */
  readonly me: Somebody
}

/** One server for all tests of a file, with a pool and a guest of it; stopped after them. */
export function servedGuest(over: Partial<CreateIdentityPoolCommandInput> = {}): ServedGuest {
  let server: RunningServer
  let admin: ReturnType<typeof adminOf>
  let unsigned: CognitoIdentity
  let pool: string
  let me: Somebody

  beforeAll(async () => {
    server = await startServer()
    admin = adminOf(server)
    unsigned = new CognitoIdentity(at(server))
    pool = await aPool(server, over)
    me = await aGuest(server, pool)
  }, 60_000)
  afterAll(() => server.stop())

  return {
    get server() {
      return server
    },
    get admin() {
      return admin
    },
    get unsigned() {
      return unsigned
    },
    get pool() {
      return pool
    },
    get me() {
      return me
    },
  }
}
