import { Guest } from './aws-face.js'
import { DeviceView } from './device-view.js'
import { SyncedDevice } from './synced-device.js'
import { WireLog } from './wire-log.js'

const DATASET = 'demo-settings'
const PULL_EVERY_MS = 5_000

const DEVICES = [
  { name: 'phone', title: 'Phone', icon: 'phone' },
  { name: 'laptop', title: 'Laptop', icon: 'laptop' },
]

const settings = await (await fetch('/demo/settings.json')).json()
showFacts(settings)
showSnippets(settings.snippets)
if (globalThis.crypto?.subtle === undefined) {
  showProblem(
    'Browsers sign requests only on pages from localhost or over https: open this page that way to try it here.',
  )
} else {
  await startDevices(settings).catch((error) => showProblem(`The try-out could not start. ${error.message}`))
}

function showFacts({ endpoint, region, pool }) {
  for (const [name, text] of Object.entries({ endpoint, region, pool })) {
    document.querySelector(`#fact-${name}`).textContent = text
  }
  for (const button of document.querySelectorAll('[data-copy]')) {
    button.addEventListener('click', () => void copy(button, document.querySelector(`#${button.dataset.copy}`)))
  }
}

function showSnippets(snippets) {
  const tabs = document.querySelector('#snippet-tabs')
  const choose = (snippet) => {
    document.querySelector('#snippet-packages').textContent = snippet.packages
    document.querySelector('#snippet-code').textContent = snippet.code
    for (const tab of tabs.children) tab.setAttribute('aria-pressed', String(tab.dataset.id === snippet.id))
  }
  for (const snippet of snippets) {
    const tab = document.createElement('button')
    tab.type = 'button'
    tab.dataset.id = snippet.id
    tab.textContent = snippet.title
    tab.addEventListener('click', () => choose(snippet))
    tabs.append(tab)
  }
  choose(snippets[0])
}

async function copy(button, source) {
  if (button.dataset.label !== undefined) return
  button.dataset.label = button.textContent
  try {
    await navigator.clipboard.writeText(source.textContent)
    button.textContent = 'Copied'
  } catch {
    // Browsers keep the clipboard from pages that are not served securely: at least select what is to be copied.
    getSelection().selectAllChildren(source)
    button.textContent = 'Selected'
  }
  setTimeout(() => {
    button.textContent = button.dataset.label
    delete button.dataset.label
  }, 1_200)
}

function showProblem(text) {
  const problem = document.querySelector('#try-problem')
  problem.textContent = text
  problem.hidden = false
}

async function startDevices({ region, pool }) {
  const log = new WireLog(document.querySelector('#exchanges'))
  const keptIdentity = `satchel-demo ${pool}`
  const guest = new Guest({
    region,
    pool,
    origin: location.origin,
    identity: localStorage.getItem(keptIdentity),
    onExchange: (exchange) => log.add(exchange),
  })
  const identity = await guest.arrive()
  localStorage.setItem(keptIdentity, identity)
  document.querySelector('#fact-identity').textContent = identity

  const devices = DEVICES.map((facts) => startDevice(guest, facts, `satchel-demo ${identity} ${facts.name}`))
  const syncAll = () => {
    if (document.visibilityState !== 'visible') return
    for (const device of devices) void device.sync()
  }
  syncAll()
  setInterval(syncAll, PULL_EVERY_MS)
  document.addEventListener('visibilitychange', syncAll)
}

/** Each tab keeps its own two devices (session storage), while the guest is the same in all of them. */
function startDevice(guest, facts, storageKey) {
  const view = new DeviceView(document.querySelector('#devices'), facts)
  const device = new SyncedDevice(guest, {
    name: facts.name,
    dataset: DATASET,
    kept: { load: () => sessionStorage.getItem(storageKey), save: (text) => sessionStorage.setItem(storageKey, text) },
    onChange: (changed) => view.show(changed),
  })
  view.listen(device)
  view.show(device)
  return device
}
