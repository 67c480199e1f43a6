/** Host, port and database of a database's URL: all of it that may be shown. */
export function addressOf(url: string): string {
  const { hostname, port, pathname, searchParams } = new URL(url)
  return `${hostname || (searchParams.get('host') ?? 'localhost')}:${port || '5432'}${pathname}`
}
