import { ADevice } from './a-device.js'
import { SyncFace, type Guest } from './sync-face.js'

export interface GuestAtFace {
  readonly face: SyncFace
  readonly guest: Guest
  /** A device of the guest. */
  readonly aDevice: (dataset?: string) => ADevice
}

/** One server for all tests of a file, and a new guest at it for each of them. */
export function guestAtFace(): GuestAtFace {
  let face: SyncFace
  let guest: Guest
  beforeAll(async () => {
    face = await SyncFace.start()
  })
  afterAll(() => face.close())
  beforeEach(async () => {
    guest = await face.guest()
  })
  return {
    get face() {
      return face
    },
    get guest() {
      return guest
    },
    aDevice: (dataset) => new ADevice(face, guest, dataset),
  }
}
