import { readdirSync, readFileSync } from 'node:fs'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { snippetsFor, type DemoFacts } from './snippets.js'

export type DemoFile = Readonly<{
  contentType: string
  body: Buffer
  /** True for a file whose name changes with its content. */
  immutable: boolean
}>

/** Where the build puts the page. The same from `src` and from `dist`, which are equally deep. */
const FOLDER = new URL('../../../demo/dist/', import.meta.url)

const INDEX = 'index.html'
const SETTINGS = 'settings.json'

const CONTENT_TYPES: ReadonlyMap<string, string> = new Map([
  ['.html', 'text/html; charset=utf-8'],
  ['.css', 'text/css; charset=utf-8'],
  ['.js', 'text/javascript; charset=utf-8'],
  ['.svg', 'image/svg+xml'],
])

/** A name that the build made from the content. */
const HASHED = /-[0-9A-Z]{8}\.[a-z]+$/

/** The demo page's files as they were built, and what the page has to know of this server. */
export class DemoPage {
  /** Read once, at the start: no path of a request ever becomes a path of a file. */
  private readonly filesByName: ReadonlyMap<string, DemoFile>

  /** Throws when the page was not built. `facts` are asked late. */
  constructor(private readonly facts: () => DemoFacts) {
    this.filesByName = readFiles()
  }

  index(): DemoFile {
    return this.filesByName.get(INDEX)!
  }

  /** A file the page is made of, or null. */
  file(name: string): DemoFile | null {
    return name === SETTINGS ? this.settings() : (this.filesByName.get(name) ?? null)
  }

  private settings(): DemoFile {
    const facts = this.facts()
    const text = JSON.stringify({ ...facts, snippets: snippetsFor(facts) })
    return { contentType: 'application/json; charset=utf-8', body: Buffer.from(text), immutable: false }
  }
}

function readFiles(): ReadonlyMap<string, DemoFile> {
  const files = new Map<string, DemoFile>()
  for (const name of namesIn(FOLDER)) {
    const contentType = CONTENT_TYPES.get(extname(name))
    if (contentType === undefined) continue
    files.set(name, { contentType, body: readFileSync(new URL(name, FOLDER)), immutable: HASHED.test(name) })
  }
  if (!files.has(INDEX)) throw new Error(`${fileURLToPath(FOLDER)} has no ${INDEX}: run "npm run build" first`)
  return files
}

function namesIn(folder: URL): readonly string[] {
  try {
    return readdirSync(folder)
  } catch (fault) {
    if ((fault as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw fault
  }
}
