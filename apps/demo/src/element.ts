/** Makes an element. Attributes that are null are left out; texts are texts, never markup. */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Readonly<Record<string, string | null>> = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) if (value !== null) made.setAttribute(name, value)
  made.append(...children)
  return made
}

/** A button that does something, and says what to those who cannot see where it stands. */
export function button(text: string, does: () => void, attributes: Readonly<Record<string, string>> = {}) {
  const made = element('button', { type: 'button', ...attributes }, text)
  made.addEventListener('click', does)
  return made
}

/** Sets a text, and leaves one that is the same alone: screen readers would read it again. */
export function say(where: HTMLElement, text: string): void {
  if (where.textContent !== text) where.textContent = text
}

/** Part of the page that shows something that changes. */
export type Part = Readonly<{ element: HTMLElement; refresh(): void }>
