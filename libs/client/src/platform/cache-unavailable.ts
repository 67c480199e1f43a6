/** SQLite, which every read comes from, could not be loaded. Nothing was touched; opening again later may help. */
export class CacheUnavailable extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'CacheUnavailable'
  }
}
