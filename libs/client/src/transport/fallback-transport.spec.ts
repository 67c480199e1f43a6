import { overOf, refusal, torn, TwoWays } from './testing/two-ways.js'

describe('where a socket was greeted before', () => {
  test('[NE13] one that held and is torn is replaced by a socket at once', async () => {
    const bench = new TwoWays()
    await bench.afterAGoodSocket()
    expect(await overOf(await bench.connect())).toBe('socket')
    expect(bench.https).toEqual([])
  })

  test('[NE13] HTTP carries while none comes about, and the next one is tried within half a second', async () => {
    const bench = new TwoWays()
    await bench.afterAGoodSocket()
    bench.noSocket = torn('unreachable')
    const connection = await bench.connect()
    expect(await overOf(connection)).toBe('http')
    bench.noSocket = null
    expect(await bench.untilTried()).toBe(500)
    expect(await overOf(connection)).toBe('socket')
    expect(bench.ends).toEqual([])
  })

  test('[NE13] further tries wait for up to twice as long each, and no longer than five minutes', async () => {
    const bench = new TwoWays()
    await bench.afterAGoodSocket()
    bench.noSocket = torn()
    await bench.connect()
    const waits: number[] = []
    for (let tried = 0; tried < 12; tried++) waits.push((await bench.untilTried()) / 1_000)
    expect(waits).toEqual([0.5, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300])
  })

  test('[NE13] a wait is anything between nothing and its bound', async () => {
    const bench = new TwoWays()
    await bench.afterAGoodSocket()
    bench.noSocket = torn()
    bench.chance = 0.5
    await bench.connect()
    expect(await bench.untilTried()).toBe(250)
    expect(await bench.untilTried()).toBe(500)
    bench.chance = 0
    expect(await bench.untilTried()).toBe(1_000)
    bench.noSocket = null
    expect(await bench.untilTried()).toBe(250)
  })

  test('[NE13] one that is torn soon after its greeting counts as none, and HTTP carries at once', async () => {
    const bench = new TwoWays()
    await bench.connect()
    for (const restMs of [500, 1_000, 2_000]) {
      await bench.pass(9_999)
      bench.sockets.at(-1)!.tear()
      const connection = await bench.connect()
      expect(await overOf(connection)).toBe('http')
      expect(await bench.untilTried()).toBe(restMs)
      expect(await overOf(connection)).toBe('socket')
    }
    // One that held is a good one, also after such as did not.
    await bench.pass(10_000)
    bench.sockets.at(-1)!.tear()
    expect(await overOf(await bench.connect())).toBe('socket')
  })

  test('[NE13] a socket that the server ends with its own words says nothing about sockets', async () => {
    const bench = new TwoWays()
    await bench.connect()
    bench.sockets[0]!.tear(refusal())
    expect(await overOf(await bench.connect())).toBe('socket')
  })
})

describe('where no socket was ever greeted', () => {
  test('[NE13] the rests begin with fifteen seconds and grow to five minutes', async () => {
    const bench = new TwoWays()
    bench.noSocket = torn('unreachable')
    const connection = await bench.connect()
    const waits: number[] = []
    for (let tried = 0; tried < 7; tried++) waits.push((await bench.untilTried()) / 1_000)
    expect(waits).toEqual([15, 30, 60, 120, 240, 300, 300])
    expect(await overOf(connection)).toBe('http')
    expect(bench.ends).toEqual([])
  })

  test('[NE13] connections that come during a rest go by HTTP, and end nothing of it', async () => {
    const bench = new TwoWays()
    bench.noSocket = torn('unreachable')
    for (let round = 0; round < 3; round++) {
      const connection = await bench.connect()
      expect(await overOf(connection)).toBe('http')
      connection.close()
      await bench.pass(4_000)
    }
    expect(bench.tries).toBe(1)
    await bench.connect()
    expect(await bench.untilTried()).toBe(3_000)
  })

  test('[NE13] once one is greeted after all, it is a network in which they work', async () => {
    const bench = new TwoWays()
    bench.noSocket = torn('unreachable')
    await bench.connect()
    await bench.untilTried()
    bench.noSocket = null
    expect(await bench.untilTried()).toBe(30_000)
    await bench.pass(10_000)
    bench.sockets[0]!.tear()
    bench.noSocket = torn()
    await bench.connect()
    expect(await bench.untilTried()).toBe(500)
  })

  test('[NE13] where HTTP fails too the rest is over, since the network may be another one', async () => {
    const bench = new TwoWays()
    bench.noSocket = torn('unreachable')
    await bench.connect()
    bench.noHttp = torn('unreachable')
    await expect(bench.connect()).rejects.toBe(bench.noHttp)
    bench.noSocket = null
    expect(await overOf(await bench.connect())).toBe('socket')
  })
})
