const LOOPBACK_HOST = /^(localhost|[a-z0-9-]+(\.[a-z0-9-]+)*\.localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?$/

const LOOPBACK = /^https?:\/\/(localhost|[a-z0-9-]+(\.[a-z0-9-]+)*\.localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?$/

/** Which pages in browsers may read our answers (F6). */
export class OriginRule {
  private readonly own: () => string
  private readonly allowed: ReadonlySet<string> | null
  private readonly everyLoopback: boolean

  /**
   * `allowed` is the setting: null stands for the server's own origin and, when it `listensOnLoopback`, every loopback
   * origin too, so that a dev server's page works; `*` among them allows all. `publicUrl` is asked late, since a
   * free port is known only after listening.
   */
  constructor(
    options: Readonly<{ allowed: readonly string[] | null; listensOnLoopback: boolean; publicUrl: () => string }>,
  ) {
    this.allowed = options.allowed === null ? null : new Set(options.allowed.map((origin) => origin.toLowerCase()))
    this.everyLoopback = options.allowed === null && options.listensOnLoopback
    this.own = () => new URL(options.publicUrl()).origin
  }

  /**
   * Whether a request may name this host. Where only loopback pages are let in, a stranger's page could make its own name
   * mean this machine and then count as our own origin, so there a host has to be loopback's or the public one (H14).
   */
  acceptsHost(host: string): boolean {
    return (
      !this.everyLoopback || LOOPBACK_HOST.test(host.toLowerCase()) || host.toLowerCase() === new URL(this.own()).host
    )
  }

  /** What `Access-Control-Allow-Origin` says to a page of this origin; null for nothing. */
  answerTo(origin: string): string | null {
    if (this.allowed?.has('*') === true) return '*'
    const asked = origin.toLowerCase()
    if (this.allowed?.has(asked) === true) return origin
    if (this.everyLoopback && LOOPBACK.test(asked)) return origin
    return this.allowed === null && asked === this.own() ? origin : null
  }
}
