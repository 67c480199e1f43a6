/** Code to paste into an app. */
export type Snippet = Readonly<{ id: string; title: string; packages: string; code: string }>

/** What the page has to know of the server that it came from. */
export type Settings = Readonly<{ endpoint: string; region: string; pool: string; snippets: readonly Snippet[] }>

/** Asks the server; rejects when it does not answer. */
export async function fetchSettings(): Promise<Settings> {
  const answer = await fetch('/demo/settings.json')
  if (!answer.ok) throw new Error(`the server answered ${answer.status}`)
  return (await answer.json()) as Settings
}
