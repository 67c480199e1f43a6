import type { Login, SyncClient } from '@satchel/client'

/** Asks the demo's own sign-in, which believes every name; an app's backend would ask for a password first. */
export const loginAs =
  (user: string): Login =>
  async ({ guest }) => {
    const answer = await fetch('/demo/sign-in', { method: 'POST', body: JSON.stringify({ user, guest }) })
    if (!answer.ok) throw new Error(`the server answered ${answer.status}`)
    return (await answer.json()) as Awaited<ReturnType<Login>>
  }

/** Where the page shows who its devices act for. */
export type AccountPlace = Readonly<{ form: HTMLFormElement; name: HTMLInputElement; shown: HTMLElement }>

/**
 * The form in which a guest signs in. `keptAs` is where the browser keeps the name, so that a page that is opened again
 * can ask for the user's next token.
 */
export function showAccount(
  { form, name, shown }: AccountPlace,
  {
    user,
    keptAs,
    clients,
    done,
  }: Readonly<{ user: string | null; keptAs: string; clients: () => readonly SyncClient[]; done: () => void }>,
): void {
  const signedIn = (as: string): void => {
    form.hidden = true
    shown.textContent = `Signed in as ${as}. Sign in by the same name in another browser to go on there.`
    shown.hidden = false
  }
  form.hidden = false
  if (user !== null) signedIn(user)
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    const as = name.value.trim()
    if (as === '') return name.focus()
    void signIn(as)
  })

  async function signIn(as: string): Promise<void> {
    try {
      for (const client of clients()) await client.signIn(loginAs(as))
      localStorage.setItem(keptAs, as)
      signedIn(as)
      done()
    } catch (fault) {
      shown.textContent = `The sign-in failed: ${fault instanceof Error ? fault.message : String(fault)}`
      shown.hidden = false
    }
  }
}
