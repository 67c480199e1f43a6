import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { chromium } from 'playwright-core'
import { freePort } from '../process/port.js'
import { startSatchel } from '../process/satchel.js'
import { atMost, result } from '../report/result.js'
import { median } from '../report/statistics.js'
import { createGuestPool } from '../seed/pool.js'

export const name = 'browser'
export const title = 'the client in Chromium: puts against a bare IndexedDB row, and opening without a network'

const PAGE = fileURLToPath(new URL('../live/page.js', import.meta.url))
const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium'
const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking']
const KEYS = 1_000

export async function run({ quick, say, env }) {
  if (!existsSync(CHROMIUM)) {
    say(`NOT MEASURED: there is no Chromium at ${CHROMIUM}; name one in CHROMIUM`)
    return []
  }
  const times = quick ? 2 : 7
  const server = await startSatchel({ env })
  const pool = await createGuestPool(server)
  const pages = await servePage()
  const profile = mkdtempSync(join(tmpdir(), 'satchel-bench-chromium-'))
  const browser = await chromium.launchPersistentContext(profile, { executablePath: CHROMIUM, args: FLAGS })
  const options = { endpoint: `http://127.0.0.1:${server.port}`, pool }
  const inPage = async (call, argument) => {
    const page = await browser.newPage()
    try {
      await page.goto(pages.url)
      return await page.evaluate(([what, given]) => window[what](given), [call, argument])
    } finally {
      await page.close()
    }
  }

  const saved = []
  for (let time = 0; time <= times; time++) {
    const one = await inPage('saved', { options, times: quick ? 10 : 40 })
    if (time > 0) saved.push(one)
    if (time > 0) say(`round ${time}: saved after ${one.put.toFixed(2)} ms, bare row ${one.row.toFixed(2)} ms`)
  }
  await inPage('fill', { options, keys: KEYS })
  await inPage('open1000', { options, keys: KEYS })
  await server.stop()
  const opened = []
  for (let time = 1; time <= times; time++) {
    opened.push(await inPage('open1000', { options, keys: KEYS }))
    say(
      `round ${time}: readable after ${opened.at(-1).ms.toFixed(0)} ms, longest task ${opened.at(-1).longest.toFixed(0)} ms`,
    )
  }
  await browser.close()
  await pages.close()
  rmSync(profile, { recursive: true, force: true })
  return [
    result({
      name: 'browser-saved',
      title: 'a put of 200 bytes until it is saved, in Chromium',
      unit: '× bare IndexedDB row',
      rounds: saved.map(({ put, row }) => put / row),
      goal: atMost(1.3),
      notes: [
        `put ${median(saved.map(({ put }) => put)).toFixed(2)} ms, bare row ${median(saved.map(({ row }) => row)).toFixed(2)} ms, both with strict durability`,
      ],
    }),
    result({
      name: 'browser-open',
      title: 'a client with 1,000 cached keys readable, in Chromium, without a network',
      unit: 'ms',
      rounds: opened.map(({ ms }) => ms),
      goal: atMost(120),
    }),
    result({
      name: 'browser-blocked',
      title: 'the longest task of the page meanwhile (0: none of 50 ms or more)',
      unit: 'ms',
      rounds: opened.map(({ longest }) => longest),
      goal: atMost(50),
    }),
  ]
}

/** The bench's page as an app would serve it: bundled, to be kept by the browser. */
async function servePage() {
  const { outputFiles } = await build({
    entryPoints: [PAGE],
    bundle: true,
    minify: true,
    splitting: true,
    format: 'esm',
    outdir: '/',
    write: false,
  })
  const files = new Map(outputFiles.map(({ path, contents }) => [path, Buffer.from(contents)]))
  const server = createServer(({ url }, response) => {
    const script = files.get(url)
    response.setHeader('cache-control', 'public, max-age=3600')
    response.setHeader('content-type', script === undefined ? 'text/html' : 'text/javascript')
    response.end(script ?? '<!doctype html><title>bench</title><script type="module" src="/page.js"></script>')
  })
  const port = await freePort()
  await new Promise((listening) => server.listen(port, '127.0.0.1', listening))
  return {
    url: `http://127.0.0.1:${port}/`,
    close: () => {
      server.closeAllConnections()
      return new Promise((closed) => server.close(closed))
    },
  }
}
