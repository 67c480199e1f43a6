import { hintOf, overOf, refusal, settle, torn, TwoWays, watching } from './testing/two-ways.js'

describe('a socket that takes over from HTTP', () => {
  const overHttp = async () => {
    const bench = new TwoWays()
    await bench.afterAGoodSocket()
    bench.noSocket = torn()
    const connection = await bench.connect()
    bench.noSocket = null
    return { bench, connection, http: bench.https[0]! }
  }

  /** One that is greeted, and does not answer yet. */
  const slowSocket = async (bench: TwoWays) => {
    let answer = () => {}
    bench.answered = new Promise((resolve) => (answer = resolve))
    await bench.pass(500)
    return { socket: bench.sockets[0]!, answer }
  }

  test('[NE13] watches first what HTTP watches, and tells what was missed', async () => {
    const { bench, connection, http } = await overHttp()
    await connection.watch(watching('prefs', 'notes'))
    let open = () => {}
    bench.opened = new Promise((resolve) => (open = resolve))
    await bench.pass(500)
    http.listener.changed(hintOf('prefs'))
    expect(await overOf(connection)).toBe('http')
    open()
    await settle()
    expect(bench.sockets[0]!.watched).toEqual([['prefs', 'notes']])
    expect(http).toMatchObject({ isRetired: true, isClosed: false })
    bench.sockets[0]!.listener.changed(hintOf('notes'))
    expect(bench.hints).toEqual(['prefs', 'notes'])
    await connection.watch(watching('more'))
    expect([http.watched, bench.sockets[0]!.watched.at(-1)]).toEqual([[['prefs', 'notes']], ['more']])
  })

  test('[NE13] also what is watched only while it comes about', async () => {
    const { bench, connection } = await overHttp()
    await connection.watch(watching('prefs'))
    const { socket, answer } = await slowSocket(bench)
    socket.missed = [hintOf('prefs')]
    await connection.watch(watching('prefs', 'notes'))
    expect(await overOf(connection)).toBe('http')
    answer()
    await settle()
    expect(socket.watched.at(-1)).toEqual(['prefs', 'notes'])
    expect(bench.hints).toContain('prefs')
    expect(await overOf(connection)).toBe('socket')
  })

  test('[NE13] leaves what was asked over HTTP to be answered there', async () => {
    const { bench, connection, http } = await overHttp()
    let answer = () => {}
    http.answered = new Promise((resolve) => (answer = resolve))
    const before = overOf(connection)
    await bench.pass(500)
    expect(await overOf(connection)).toBe('socket')
    answer()
    expect(await before).toBe('http')
  })

  test('[NE13] is opened with the newest token', async () => {
    const { bench, connection } = await overHttp()
    await connection.renew('newer')
    await bench.pass(500)
    expect(bench.sockets[0]!.tokens).toEqual(['newer'])
  })

  test('[NE13] and is torn before it has, ends nothing, and is tried again', async () => {
    const { bench, connection } = await overHttp()
    await connection.watch(watching('prefs'))
    const { socket, answer } = await slowSocket(bench)
    socket.tear()
    answer()
    await settle()
    expect(bench.ends).toEqual([])
    expect(await overOf(connection)).toBe('http')
    await bench.untilTried()
    expect(await overOf(connection)).toBe('socket')
  })

  test('[NE13] [NE1] and is refused for a time, is not tried before that', async () => {
    const { bench, connection } = await overHttp()
    bench.noSocket = refusal(20_000)
    expect(await bench.untilTried()).toBe(500)
    bench.noSocket = null
    expect(await bench.untilTried()).toBe(21_000)
    expect(await overOf(connection)).toBe('socket')
  })

  test('[NE12] comes too late for a connection that was closed, and is closed as well', async () => {
    const { bench, connection, http } = await overHttp()
    let open = () => {}
    bench.opened = new Promise((resolve) => (open = resolve))
    await bench.pass(500)
    connection.close()
    open()
    await settle()
    expect([http.isClosed, bench.sockets[0]!.isClosed]).toEqual([true, true])
    expect(bench.clock.waiting).toBe(0)
    expect(bench.ends).toEqual([])
  })

  test('[NE12] is not looked for once HTTP has ended, which is told', async () => {
    const { bench, http } = await overHttp()
    http.tear()
    expect(bench.ends).toHaveLength(1)
    expect(bench.clock.waiting).toBe(0)
  })

  test('[NE12] tells its end, once', async () => {
    const { bench, http } = await overHttp()
    await bench.pass(500)
    await bench.pass(10_000)
    bench.sockets[0]!.tear()
    expect(bench.ends).toHaveLength(1)
    expect(http.isClosed).toBe(true)
  })
})
