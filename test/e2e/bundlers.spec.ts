import { build as esbuild } from 'esbuild'
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { Browser } from 'playwright-core'
import { describeInChromium, launchChromium } from '../support/chromium.js'
import { DEMO_POOL } from '../support/client-page.js'
import { PageServer } from '../support/page-server.js'
import { startServer, type RunningServer } from '../support/start-server.js'

const MODULES = fileURLToPath(new URL('../../node_modules', import.meta.url))
const VITE = join(MODULES, 'vite/bin/vite.js')

/** An app as somebody would begin one: it takes the server's facts from its address, and shows what it has. */
const APP = `import { openClient } from '@satchel/client'

const facts = new URL(location.href).searchParams
const client = await openClient({ endpoint: facts.get('endpoint') ?? '', pool: facts.get('pool') ?? '' })
const settings = client.dataset('settings')
const write = settings.put('theme', 'dark')
document.body.textContent = (await write.outcome).kind + ' ' + (settings.get('theme') ?? '')
`

const PAGE = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>App</title>
<script type="module" src="./app.ts"></script></head><body>loading</body></html>
`

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'satchel-app-'))
  symlinkSync(MODULES, join(folder, 'node_modules'))
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
  writeFileSync(join(folder, 'app.ts'), APP)
  writeFileSync(join(folder, 'index.html'), PAGE)
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** Without a configuration: none is written, and none is passed. */
async function builtByVite(): Promise<ReadonlyMap<string, Buffer>> {
  const { stderr } = await promisify(execFile)(process.execPath, [VITE, 'build', '--base', './'], { cwd: folder })
  // Vite says this aloud when a package reaches for something of Node's.
  expect(stderr).not.toMatch(/externalized for browser compatibility/)
  return filesIn(join(folder, 'dist'))
}

async function builtByEsbuild(): Promise<ReadonlyMap<string, Buffer>> {
  const dist = join(folder, 'dist')
  const { warnings } = await esbuild({
    entryPoints: [join(folder, 'app.ts')],
    bundle: true,
    format: 'esm',
    outdir: dist,
    logLevel: 'silent',
  })
  expect(warnings).toEqual([])
  writeFileSync(join(dist, 'index.html'), PAGE.replace('app.ts', 'app.js'))
  return filesIn(dist)
}

function filesIn(dist: string): ReadonlyMap<string, Buffer> {
  expect(existsSync(dist)).toBe(true)
  const names = readdirSync(dist, { recursive: true, encoding: 'utf8' }).map((name) => join(dist, name))
  const files = names.filter((name) => statSync(name).isFile())
  return new Map(files.map((name) => [`/${relative(dist, name).split(sep).join('/')}`, readFileSync(name)]))
}

const BUILDERS = [
  ['Vite', builtByVite],
  ['esbuild', builtByEsbuild],
] as const

test.each(BUILDERS)(
  '[NF14] an app that imports @satchel/client is built by %s without configuration',
  async (_, build) => {
    const files = await build()
    const scripts = [...files].filter(([name]) => name.endsWith('.js'))
    expect(scripts.length).toBeGreaterThan(0)
    for (const [name, text] of scripts) expect([name, /\bfrom ?["']node:/.test(text.toString())]).toEqual([name, false])
  },
)

test('[NF15] what the client adds to an app stays within its bound', async () => {
  const script = fileURLToPath(new URL('../support/check-size.js', import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, [script])
  expect(stdout).toMatch(/^@satchel\/client: \d+ bytes gzipped/)
})

describeInChromium('a built app', () => {
  let server: RunningServer
  let browser: Browser

  beforeAll(async () => {
    ;[server, browser] = await Promise.all([startServer({ settings: { SATCHEL_DEMO: 'on' } }), launchChromium()])
  })
  afterAll(async () => {
    await browser.close()
    await server.stop()
  })

  test.each(BUILDERS)(
    '[NF14] built by %s it runs from a server of its own, with the WebAssembly of the sync server',
    async (_, build) => {
      const pages = await PageServer.start(await build())
      const [, pool] = await server.process.line(DEMO_POOL)
      const page = await (await browser.newContext()).newPage()
      const faults: string[] = []
      page.on('pageerror', ({ message }) => faults.push(message))
      const query = new URLSearchParams({ endpoint: server.url, pool: pool! })
      await page.goto(`${pages.url}/?${query.toString()}`)
      await page.waitForFunction(() => document.body.textContent?.trim() !== 'loading').catch(() => undefined)
      expect([await page.locator('body').textContent(), faults]).toEqual(['accepted dark', []])
      await page.context().close()
      await pages.close()
    },
  )
})
