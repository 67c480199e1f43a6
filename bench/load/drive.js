import { percentile } from '../report/statistics.js'
import { Connection } from './connection.js'

/**
 * Sends each connection's requests one after the other, all connections at once, and measures from the first byte
 * sent to the last answer. Any answer but 200 ends it with what the server said.
 *
 * @param {number | readonly number[]} port of several, connections take them in turn
 * @param {readonly (readonly Buffer[])[]} requestsByConnection
 * @param {(connection: number, at: number, body: () => string) => void} [read]
 */
export async function drive(port, requestsByConnection, read) {
  const ports = [port].flat()
  const connections = await Promise.all(requestsByConnection.map((_, at) => Connection.open(ports[at % ports.length])))
  try {
    const total = requestsByConnection.reduce((sum, { length }) => sum + length, 0)
    const latencies = new Float64Array(total)
    let measured = 0
    const one = (connection, index) =>
      new Promise((resolve, reject) => {
        const requests = requestsByConnection[index]
        let at = 0
        let sentAt = 0
        const answered = (status, body) => {
          const now = performance.now()
          latencies[measured++] = now - sentAt
          if (status !== 200) return reject(new Error(`${firstLine(requests[at])} was answered ${status}: ${body()}`))
          read?.(index, at, body)
          if (++at === requests.length) return resolve()
          sentAt = now
          connection.send(requests[at], answered, reject)
        }
        sentAt = performance.now()
        connection.send(requests[0], answered, reject)
      })
    const cpuBefore = process.cpuUsage()
    const startedAt = performance.now()
    await Promise.all(connections.map(one))
    const seconds = (performance.now() - startedAt) / 1_000
    const { user, system } = process.cpuUsage(cpuBefore)
    return {
      requests: total,
      seconds,
      perSecond: total / seconds,
      p50: percentile(latencies, 0.5),
      p95: percentile(latencies, 0.95),
      p99: percentile(latencies, 0.99),
      /** Of one core: near 1 means that the generator itself is the limit. */
      generatorLoad: (user + system) / 1e6 / seconds,
    }
  } finally {
    for (const connection of connections) connection.close()
  }
}

const firstLine = (request) => request.toString('latin1', 0, request.indexOf('\r'))
