import type { Page } from 'playwright-core'
import type { ClientOptions, Dataset, SyncClient } from '@satchel/client'
import { PageServer } from './page-server.js'

/** An app's page that does nothing by itself: tests drive the client in it, as its scripts would. */
export const CLIENT_PAGE = `<!doctype html><html lang="en"><meta charset="utf-8"><title>An app</title><script type="module">
import * as satchel from './satchel-client.js'
globalThis.satchel = satchel
</script></html>`

declare global {
  /** The module `@satchel/client` as browsers get it, in {@link CLIENT_PAGE}. */
  var satchel: Readonly<{ openClient(options: ClientOptions): Promise<SyncClient> }>
  var client: SyncClient
  var dataset: Dataset
}

export type OpenFacts = Readonly<{ endpoint: string; pool: string; paused?: boolean; name?: string; guest?: string }>

/** The app's own web server, with the client as one file beside the page. It goes on when the sync server is away. */
export async function startClientPage(serverUrl: string): Promise<PageServer> {
  const script = await (await fetch(`${serverUrl}/demo/satchel-client.js`)).text()
  return PageServer.start(
    new Map([
      ['/index.html', CLIENT_PAGE],
      ['/satchel-client.js', script],
    ]),
  )
}

/** Opens a client in the page, and its dataset `notes`, as the globals `client` and `dataset`. */
export async function openInPage(page: Page, url: string, facts: OpenFacts): Promise<void> {
  await page.goto(url)
  await page.waitForFunction(() => globalThis.satchel !== undefined)
  await page.evaluate(async (options) => {
    globalThis.client = await satchel.openClient(options)
    globalThis.dataset = client.dataset('notes')
  }, facts)
}

/** The id of the demo pool of a server that was started with the demo on. */
export const DEMO_POOL = /identity pool "demo": (\S+)/
