import { openClient } from '@satchel/client'

/** What the bench measures in a page. Everything runs in the page itself and answers plain data. */
const valueOf = (at) => `${at}:`.padEnd(200, 'abcdefghijklmnopqrstuvwxyz')

function openRaw() {
  return new Promise((resolve, reject) => {
    const asked = indexedDB.open('raw', 1)
    asked.onupgradeneeded = () => asked.result.createObjectStore('rows', { autoIncrement: true })
    asked.onsuccess = () => resolve(asked.result)
    asked.onerror = () => reject(asked.error)
  })
}

/** One row, durable: the least that anybody could do to keep an edit. */
function addRow(database, row) {
  return new Promise((resolve, reject) => {
    const transaction = database.transaction('rows', 'readwrite', { durability: 'strict' })
    transaction.oncomplete = resolve
    transaction.onabort = () => reject(transaction.error)
    transaction.objectStore('rows').add(row)
  })
}

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1]

/** Milliseconds of a put until it is saved and of a bare row, in turn; both in runs of ten, since the clock is coarse. */
window.saved = async ({ options, times }) => {
  const client = await openClient({ ...options, name: 'saved', paused: true })
  const dataset = client.dataset('bench')
  const raw = await openRaw()
  const samples = { put: [], row: [] }
  const TEN = 10
  for (let time = 0; time < times + 3; time++) {
    const start = performance.now()
    for (let at = 0; at < TEN; at++) await dataset.put(`key-${at}`, valueOf(time * TEN + at)).saved
    const put = performance.now()
    for (let at = 0; at < TEN; at++) await addRow(raw, JSON.stringify([`key-${at}`, valueOf(time * TEN + at)]))
    const row = performance.now()
    if (time < 3) continue
    samples.put.push((put - start) / TEN)
    samples.row.push((row - put) / TEN)
  }
  raw.close()
  await client.close()
  return { put: median(samples.put), row: median(samples.row) }
}

/** Fills the cache that `open` reads. */
window.fill = async ({ options, keys }) => {
  const client = await openClient(options)
  await client.dataset('bench').edit(Array.from({ length: keys }, (_, at) => [`key-${at}`, valueOf(at)]))
  await client.synchronize()
  await client.close()
}

/** From the call until the last key is read, without a network; and the longest task of the page meanwhile. */
window.open1000 = async ({ options, keys }) => {
  const tasks = []
  const observer = new PerformanceObserver((list) => tasks.push(...list.getEntries().map(({ duration }) => duration)))
  observer.observe({ type: 'longtask' })
  const startedAt = performance.now()
  const client = await openClient(options)
  const dataset = client.dataset('bench')
  for (let at = 0; at < keys; at++) if (dataset.get(`key-${at}`) === undefined) throw new Error('a key is missing')
  const ms = performance.now() - startedAt
  await new Promise((resolve) => setTimeout(resolve, 200))
  tasks.push(...observer.takeRecords().map(({ duration }) => duration))
  await client.close()
  return { ms, longest: Math.max(0, ...tasks) }
}
