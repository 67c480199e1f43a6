import { aPool } from './a-pool.js'
import { aGuestBearer, LiveDevice, type Bearer } from './live-device.js'
import { startServer, type RunningServer } from './start-server.js'

/** A server with a pool, and guests of it with devices on sockets; the server ends with the file's tests, and the devices with each. */
export class LivePeople {
  server!: RunningServer
  pool!: string
  private readonly devices: LiveDevice[] = []

  constructor() {
    beforeAll(async () => {
      this.server = await startServer()
      this.pool = await aPool(this.server, { AllowClassicFlow: true })
    }, 60_000)
    afterEach(() => this.devices.splice(0).forEach((device) => device.close()))
    afterAll(() => this.server.stop())
  }

  aGuest(): Promise<Bearer> {
    return aGuestBearer(this.server, this.pool)
  }

  /** A device of somebody, on a socket of its own. */
  async open(bearer: Bearer, name?: string): Promise<LiveDevice> {
    const device = await LiveDevice.open(this.server, bearer, name === undefined ? {} : { name })
    this.devices.push(device)
    return device
  }
}
