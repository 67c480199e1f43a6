import { loginAs, showAccount } from './account.js'
import { copy } from './copy.js'
import { deviceCard } from './device-card.js'
import { Device } from './device.js'
import { addressOf, guestIn, ownGuestIn, placeOf, textOf } from './guest-address.js'
import { fetchSettings, type Settings } from './settings.js'
import { showSnippets } from './snippet-tabs.js'
import { WireLog } from './wire-log.js'

const at = (id: string): HTMLElement => {
  const found = document.getElementById(id)
  if (found === null) throw new Error(`the page has no #${id}`)
  return found
}

const log = new WireLog(at('messages'))

for (const button of document.querySelectorAll<HTMLButtonElement>('[data-copy]')) {
  button.addEventListener('click', () => void copy(button, at(button.dataset['copy'] ?? '')))
}
start().catch((fault: unknown) => showProblem(`The devices could not start: ${wordsOf(fault)}`))

async function start(): Promise<void> {
  const settings = await fetchSettings()
  at('fact-endpoint').textContent = settings.endpoint
  at('fact-region').textContent = settings.region
  at('fact-pool').textContent = settings.pool
  showSnippets(settings.snippets, {
    tabs: at('snippet-tabs'),
    packages: at('snippet-packages'),
    code: at('snippet-code'),
  })
  await startDevices(settings)
}

/**
 * The phone is a guest; the laptop acts for the same one, which it can do once the server has said who that is. A
 * guest's id is all it takes to act for a guest, so the address that names it opens the same data anywhere.
 */
async function startDevices({ pool }: Settings): Promise<void> {
  const keptAs = `satchel-demo ${pool}`
  const own = ownGuestIn(localStorage.getItem(keptAs))
  const place = placeOf(guestIn(location.hash), own)
  const keptUser = `${keptAs} user`
  const user = place.own ? localStorage.getItem(keptUser) : null
  const devices: Device[] = []
  const open = async (title: string, id: string, guest: string | null): Promise<Device> => {
    const device = await Device.open(title, {
      endpoint: location.origin,
      pool,
      name: `${id}${place.suffix}`,
      ...(guest === null ? {} : { guest }),
      ...(user === null ? {} : { login: loginAs(user) }),
      onWire: (event) => log.add(title, event),
      onFault: (fault) => showProblem(fault.message),
    })
    devices.push(device)
    at('devices').append(deviceCard(device, id))
    return device
  }

  const phone = await open('Phone', 'phone', place.guest)
  const identity = await identityOf(phone)
  if (place.own) localStorage.setItem(keptAs, textOf({ turn: own.turn, id: identity }))
  if (user === null) showAddress(identity)
  await open('Laptop', 'laptop', identity)
  const account = {
    form: at('sign-in') as HTMLFormElement,
    name: at('sign-in-name') as HTMLInputElement,
    shown: at('signed-in'),
  }
  if (place.own)
    showAccount(account, {
      user,
      keptAs: keptUser,
      clients: () => devices.map(({ client }) => client),
      done: hideAddress,
    })
  at('elsewhere').hidden = false
  // Another window of this browser signed in or out: these devices are the same ones.
  addEventListener('storage', ({ key }) => {
    if (key === keptUser) location.reload()
  })
  at('forget').addEventListener('click', () => {
    if (place.own) {
      localStorage.setItem(keptAs, textOf({ turn: own.turn + 1, id: null }))
      localStorage.removeItem(keptUser)
    }
    void leave(devices)
  })
}

/** Known at once on a device that was here before, else as soon as the server has answered. */
function identityOf({ client }: Device): Promise<string> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (client.identity === null) return
      unsubscribe()
      resolve(client.identity)
    }
    const unsubscribe = client.onStatus(look)
    look()
  })
}

function showAddress(identity: string): void {
  const address = addressOf(identity, location.href)
  history.replaceState(null, '', address)
  const link = at('address') as HTMLAnchorElement
  link.href = address
  link.textContent = address
  at('guest').hidden = false
  at('copy-address').hidden = false
}

/** A guest's id opens nothing any more once the guest is somebody. */
function hideAddress(): void {
  history.replaceState(null, '', location.pathname)
  at('guest').hidden = true
  at('copy-address').hidden = true
}

/** Forgets here what the guest has, which stays at the server, and begins again as the browser's own guest. */
async function leave(devices: readonly Device[]): Promise<void> {
  await Promise.allSettled(devices.map(({ client }) => client.signOut({ wipe: true })))
  await Promise.allSettled(devices.map(({ client }) => client.close()))
  location.replace(location.pathname)
}

function showProblem(text: string): void {
  const problem = at('problem')
  problem.textContent = text
  problem.hidden = false
}

const wordsOf = (fault: unknown): string => (fault instanceof Error ? fault.message : String(fault))
