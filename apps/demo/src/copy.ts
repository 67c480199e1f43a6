const SHOWN_MS = 1_500

/** Puts a text into the clipboard, and says so on the button. */
export async function copy(button: HTMLButtonElement, source: HTMLElement): Promise<void> {
  if (button.dataset['label'] !== undefined) return
  const label = button.textContent
  button.dataset['label'] = label
  try {
    await navigator.clipboard.writeText(source.textContent)
    button.textContent = 'Copied'
  } catch {
    // Browsers keep the clipboard from pages that are not served securely: at least select what is to be copied.
    getSelection()?.selectAllChildren(source)
    button.textContent = 'Selected'
  }
  setTimeout(() => {
    button.textContent = label
    delete button.dataset['label']
  }, SHOWN_MS)
}
