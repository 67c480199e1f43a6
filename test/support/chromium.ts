import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, isAbsolute, join } from 'node:path'
import { createInterface } from 'node:readline'
import { chromium, type Browser } from 'playwright-core'
import { describeWhereThereIs } from './describe-with-service.js'
import { mayRun } from './may-run.js'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome']

const FLAGS = [
  '--headless=new',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--no-default-browser-check',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-dev-shm-usage',
]

const START_MS_MAX = 30_000

/** A real browser beside a real server, on whatever else the machine does. */
const TEST_MS_MAX = 120_000

/** The browser's program: what CHROMIUM names, else the first one that is installed; null for none. */
export function findChromium(env: Readonly<Record<string, string | undefined>> = process.env): string | null {
  const asked = env['CHROMIUM']
  if (asked !== undefined && asked !== '') return mayRun(asked) ? asked : null
  const folders = ['/usr/bin', ...(env['PATH'] ?? '').split(delimiter)].filter(isAbsolute)
  return NAMES.flatMap((name) => folders.map((folder) => join(folder, name))).find(mayRun) ?? null
}

const MISSING =
  'NOT TESTED: there is no Chromium here, so nothing that runs in a browser was tried. Install one (Debian: apt-get ' +
  'install chromium) or name it in CHROMIUM.'

/** Tests that need a real browser; see `describeWhereThereIs`. */
export function describeInChromium(name: string, tests: () => void): void {
  import.meta.jest.setTimeout(TEST_MS_MAX)
  describeWhereThereIs({ what: 'a browser', missing: findChromium() === null ? MISSING : null }, name, tests)
}

/** A headless Chromium of our own, with a profile that outlives it: as real as a killed browser gets. */
export class ChromiumProcess {
  private constructor(
    readonly browser: Browser,
    readonly profile: string,
    private readonly child: ChildProcess,
    private readonly exited: Promise<void>,
  ) {}

  /** Starts on a profile that is there, or on a new one. */
  static async start(profile = mkdtempSync(join(tmpdir(), 'satchel-chromium-'))): Promise<ChromiumProcess> {
    const program = findChromium()
    if (program === null) throw new Error(MISSING)
    const args = [...FLAGS, `--user-data-dir=${profile}`, '--remote-debugging-port=0', 'about:blank']
    // A group of its own: killing the browser takes its renderers along.
    const child = spawn(program, args, { detached: true, stdio: ['ignore', 'ignore', 'pipe'] })
    const exited = new Promise<void>((resolve) => child.once('close', () => resolve()))
    const endpoint = await debuggingEndpoint(child, exited)
    return new ChromiumProcess(await chromium.connectOverCDP(endpoint), profile, child, exited)
  }

  /** The tabs of the profile; what they store stays when the browser ends. */
  get context() {
    return this.browser.contexts()[0]!
  }

  /** SIGKILL for the browser and everything it started. The profile stays. */
  async kill(): Promise<void> {
    try {
      process.kill(-this.child.pid!, 'SIGKILL')
    } catch (fault) {
      if ((fault as NodeJS.ErrnoException).code !== 'ESRCH') throw fault
    }
    await this.exited
  }

  /** Ends the browser and removes the profile. */
  async end(): Promise<void> {
    await this.browser.close().catch(() => undefined)
    await this.kill()
    rmSync(this.profile, { recursive: true, force: true, maxRetries: 5 })
  }
}

function debuggingEndpoint(child: ChildProcess, exited: Promise<void>): Promise<string> {
  const said: string[] = []
  return new Promise((resolve, reject) => {
    const fail = (why: string) => () => reject(new Error(`Chromium ${why}\n${said.join('\n')}`))
    const timer = setTimeout(fail(`said nothing within ${START_MS_MAX} ms`), START_MS_MAX)
    child.once('error', reject)
    void exited.then(fail('ended before it was ready'))
    createInterface({ input: child.stderr! }).on('line', (line) => {
      if (said.length < 50) said.push(line)
      const endpoint = /^DevTools listening on (ws:\/\/\S+)/.exec(line)?.[1]
      if (endpoint === undefined) return
      clearTimeout(timer)
      resolve(endpoint)
    })
  })
}

/** A headless Chromium for pages that need nothing to survive; every context of it is a device of its own. */
export async function launchChromium(): Promise<Browser> {
  const program = findChromium()
  if (program === null) throw new Error(MISSING)
  return chromium.launch({ executablePath: program, args: FLAGS.filter((flag) => !flag.startsWith('--headless')) })
}
