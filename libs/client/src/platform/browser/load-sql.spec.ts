import { jest } from '@jest/globals'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { SqlJsStatic } from 'sql.js'
import { SQL_VERSION } from './load-sql.js'

const require = createRequire(import.meta.url)
// Under test `sql.js` is its build for Node, which goes with this file.
const wasm = readFileSync(require.resolve('sql.js/dist/sql-wasm.wasm'))

type Answer = { status?: number; type?: string; body?: Uint8Array<ArrayBuffer> | string }

/** A page: modules that were never loaded, a server, and a Cache Storage, which outlives pages. */
async function aPage(kept: Map<string, Response>, answer: Answer | Error | null) {
  jest.resetModules()
  const asked: string[] = []
  Object.assign(globalThis, {
    fetch: (url: string) => {
      asked.push(url)
      if (answer === null) return Promise.reject(new TypeError('Failed to fetch'))
      const { status = 200, type = 'application/wasm', body = Uint8Array.from(wasm) } = answer as Answer
      return Promise.resolve(new Response(body, { status, headers: { 'content-type': type } }))
    },
    caches: {
      open: () =>
        Promise.resolve({
          match: (url: string) => Promise.resolve(kept.get(url)?.clone()),
          put: (url: string, response: Response) => Promise.resolve(kept.set(url, response)),
          keys: () => Promise.resolve([...kept.keys()].map((url) => ({ url }))),
          delete: (url: string) => Promise.resolve(kept.delete(url)),
        }),
    },
  })
  const { loadSql } = await import('./load-sql.js')
  return { asked, load: () => loadSql('https://sync.example') }
}

const versionOf = (sql: SqlJsStatic): unknown => new sql.Database().exec('SELECT 6 * 7')[0]!.values[0]![0]
const url = `https://sync.example/sync/v1/sql-wasm-browser.wasm?v=${SQL_VERSION}`

test('[NC20] SQLite is of the version that is installed, and has the file name that its build for browsers asks for', () => {
  const installed = readFileSync(join(dirname(require.resolve('sql.js')), '../package.json'), 'utf8')
  expect(JSON.parse(installed)).toMatchObject({ version: SQL_VERSION })
  expect(readFileSync(require.resolve('sql.js/dist/sql-wasm-browser.js'), 'utf8')).toContain('"sql-wasm-browser.wasm"')
})

test('[NC20] SQLite is fetched once, and then kept for when there is no network', async () => {
  const kept = new Map<string, Response>()
  const first = await aPage(kept, {})
  const [one, two] = await Promise.all([first.load(), first.load()])
  expect([versionOf(one), one === two, first.asked]).toEqual([42, true, [url]])
  while (!kept.size) await new Promise(setImmediate)

  const offline = await aPage(kept, null)
  expect([versionOf(await offline.load()), offline.asked]).toEqual([42, []])
})

test.each<[string, Answer | null, RegExp]>([
  ['nobody answers', null, /Failed to fetch/],
  ['a captive portal answers', { type: 'text/html', body: '<html>' }, /200 with content of type text\/html/],
  ['the server does not have it', { status: 404, type: 'application/json', body: '{}' }, /404/],
  ['what comes is cut short', { body: Uint8Array.from(wasm.subarray(0, 50_000)) }, /does not load/],
])('[NC20] when %s that is said, nothing is kept, and calling again tries again', async (_, answer, words) => {
  const kept = new Map<string, Response>()
  const page = await aPage(kept, answer)
  for (let attempt = 1; attempt <= 2; attempt++) {
    const error = await page.load().catch((refused: unknown) => refused)
    expect(error).toMatchObject({ name: 'CacheUnavailable', message: expect.stringMatching(words) })
    expect((error as Error).message).toContain(url)
    expect(page.asked).toHaveLength(attempt)
  }
  expect(kept.size).toBe(0)
})

test('[NC20] a kept copy that is broken is fetched anew, and one of an older version goes', async () => {
  const older = url.replace(SQL_VERSION, '1.15.2')
  const kept = new Map([
    [url, new Response('nonsense', { headers: { 'content-type': 'application/wasm' } })],
    [older, new Response('older')],
  ])
  const page = await aPage(kept, {})
  expect(versionOf(await page.load())).toBe(42)
  while (kept.has(older)) await new Promise(setImmediate)
  expect((await kept.get(url)!.arrayBuffer()).byteLength).toBe(wasm.length)
})

test('[NC20] WebAssembly that does not go with the JavaScript is a fault, and no page waits for it for ever', async () => {
  // The smallest module that asks for something nobody has.
  const other = Uint8Array.from([0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 2, 7, 1, 1, 122, 1, 122, 0, 0])
  const kept = new Map<string, Response>()
  const page = await aPage(kept, { body: other })
  for (let attempt = 1; attempt <= 2; attempt++) {
    await expect(page.load()).rejects.toMatchObject({ name: 'CacheUnavailable' })
  }
  expect(kept.size).toBe(0)
})
