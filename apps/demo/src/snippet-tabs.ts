import { button, element, say } from './element.js'
import type { Snippet } from './settings.js'

/** Code to paste, one client at a time. */
export function showSnippets(
  snippets: readonly Snippet[],
  at: Readonly<Record<'tabs' | 'packages' | 'code', HTMLElement>>,
) {
  const choose = (chosen: Snippet): void => {
    say(at.packages, chosen.packages)
    say(at.code, chosen.code)
    snippets.forEach(({ id }, index) => at.tabs.children[index]?.setAttribute('aria-pressed', String(id === chosen.id)))
  }
  at.tabs.append(...snippets.map((snippet) => button(snippet.title, () => choose(snippet), { 'data-id': snippet.id })))
  const [first] = snippets
  if (first === undefined) at.tabs.append(element('span', {}, 'none'))
  else choose(first)
}
