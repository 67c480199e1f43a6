import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { snippetsFor, type DemoFacts } from './snippets.js'

export type DemoFile = Readonly<{ contentType: string; body: Buffer }>

/** The same from `src` and from `dist`, which are equally deep. */
const FOLDER = new URL('../../../demo/', import.meta.url)

const INDEX = 'index.html'
const SETTINGS = 'settings.json'

/** What is served, and nothing beside it: no path of a request ever becomes a path of a file. */
const CONTENT_TYPES: ReadonlyMap<string, string> = new Map([
  [INDEX, 'text/html; charset=utf-8'],
  ['demo.css', 'text/css; charset=utf-8'],
  ['icon.svg', 'image/svg+xml'],
  ...['demo.js', 'aws-face.js', 'device.js', 'device-view.js', 'sigv4.js', 'synced-device.js', 'wire-log.js'].map(
    (name) => [name, 'text/javascript; charset=utf-8'] as const,
  ),
])

/** The demo page's files as they are in the source, and what the page has to know of this server. */
export class DemoPage {
  private readonly filesByName = new Map<string, DemoFile>()

  /** Reads the files; throws when they are not where the project keeps them. `facts` are asked late. */
  constructor(private readonly facts: () => DemoFacts) {
    for (const [name, contentType] of CONTENT_TYPES) {
      this.filesByName.set(name, { contentType, body: readFileSync(fileURLToPath(new URL(name, FOLDER))) })
    }
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
    return { contentType: 'application/json; charset=utf-8', body: Buffer.from(text) }
  }
}
