/** How clients reach the server. As long as nobody configured it, that is known only once the server listens. */
export class PublicUrl {
  private listening: string | null = null

  constructor(private readonly configured: string | null) {}

  /** Says where the server listens. */
  listensAt(url: string): void {
    this.listening = url
  }

  /** Scheme, host and port, without a slash behind. */
  current(): string {
    const url = this.known()
    if (url === null) throw new Error('somebody asked for the public URL before the server listened')
    return url
  }

  /** The same, or null as long as it is not known. */
  known(): string | null {
    return this.configured ?? this.listening
  }
}
