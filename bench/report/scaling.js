import { grouped } from './table.js'

/** What docs/SCALING.md supposes of a site. */
const SITE = {
  identities: 10_000_000,
  datasetsPerIdentity: 2,
  recordsPerDataset: 20,
  connected: 100_000,
  devicesPerIdentity: 2,
  secondsBetweenUpdates: 60,
  secondsBetweenReads: 300,
  peakFactor: 3,
  /** Share of a core that is planned for at peak. */
  load: 0.5,
  /** What `idle` measured for one socket of a node, KiB, and a node before it has any, MiB. */
  kibPerSocket: 16,
  mibPerNode: 130,
  connectionsPerNode: 10,
}

const DAY = 86_400
const GIB = 2 ** 30

/** The measured costs as a table, and what a site of {@link SITE} takes by them. `results` are of `npm run bench -- postgres nodes`. */
export function scalingTables(results) {
  const figures = (name) => results.find((result) => result.name === name)?.figures ?? {}
  const [alone, own, shared, list, hints, idle] = ['alone', 'own', 'shared', 'list', 'hints', 'idle'].map((kind) =>
    figures(`nodes-cost-${kind}`),
  )
  const sizes = figures('postgres-stored-update-1')
  const { walBytes: coldWalBytes } = figures('postgres-stored-awake')
  const measured = { coldWalBytes, alone, own, shared, list, hints, idle, sizes }
  return [costs(measured), site(measured)].join('\n\n')
}

/** What a watching device of another node costs a node, µs. */
const hintCost = ({ shared, hints }) =>
  Math.max(0, (hints['nodeMicroseconds-4'] - shared['nodeMicroseconds-4']) / hints['hints-4'])

function costs(measured) {
  const { alone, own, shared, list, hints, idle, sizes, coldWalBytes } = measured
  const µs = (value) => `${grouped(value)} µs`
  const row = (what, figures, nodes) =>
    `| ${what} | ${µs(figures[`databaseMicroseconds-${nodes}`])} | ${figures[`statements-${nodes}`].toFixed(2)} | ` +
    `${grouped(figures[`walBytes-${nodes}`])} | ${µs(figures[`nodeMicroseconds-${nodes}`])} | ${µs(figures[`redisMicroseconds-${nodes}`])} |`
  return [
    '| cost of one | PostgreSQL | statements | bytes of log | nodes | Redis |',
    '| --- | --- | --- | --- | --- | --- |',
    row('update that is alone in its transaction, one node (`nodes-cost-alone`)', alone, 1),
    row('update that is alone in its transaction, four nodes (`nodes-cost-alone`)', alone, 4),
    row('update, one node, 16 clients (`nodes-cost-own`)', own, 1),
    row('update, four nodes, 16 clients each (`nodes-cost-own`)', own, 4),
    row('update, four nodes, 16 clients in all (`nodes-cost-shared`)', shared, 4),
    row('empty listing, one node (`nodes-cost-list`)', list, 1),
    row('empty listing, four nodes (`nodes-cost-list`)', list, 4),
    row('update with four watching devices, four nodes (`nodes-cost-hints`)', hints, 4),
    row('second of an idle site of four nodes (`nodes-cost-idle`)', idle, 4),
    '',
    `A hint costs a node ${µs(hintCost(measured))}; ${hints['hints-4'].toFixed(2)} of 4 devices heard each update. ` +
      `An update that is the first on its pages since a checkpoint writes ${grouped(coldWalBytes)} bytes of log (\`postgres-stored-awake\`). ` +
      `A row takes ${grouped(sizes.identity)} bytes in \`identity\`, ${grouped(sizes.dataset)} in \`dataset\`, ${grouped(sizes.record)} in \`record\` ` +
      'with a value of 100 bytes, indexes included (`postgres-stored-update-1`).',
  ].join('\n')
}

function site(measured) {
  const { shared, list, own, sizes } = measured
  const { connected, devicesPerIdentity, peakFactor, load, identities, datasetsPerIdentity, recordsPerDataset } = SITE
  const updates = connected / SITE.secondsBetweenUpdates
  const reads = connected / SITE.secondsBetweenReads
  const heard = updates * (devicesPerIdentity - 1)
  // Groups of the smallest kind, so that the figure errs on the safe side.
  const databaseCores =
    (updates * shared['databaseMicroseconds-4'] + reads * list['databaseMicroseconds-4']) / 1e6 / load
  const nodeCores =
    (updates * own['nodeMicroseconds-1'] + reads * list['nodeMicroseconds-1'] + heard * hintCost(measured)) / 1e6 / load
  const nodes = Math.ceil(nodeCores) + 1
  const perDay = (updates * DAY) / peakFactor
  const stored =
    identities *
    (sizes.identity +
      datasetsPerIdentity * (sizes.dataset + recordsPerDataset * (sizes.record + 100)) +
      devicesPerIdentity * datasetsPerIdentity * MARKER_BYTES)
  const gib = (bytes) => `${grouped(bytes / GIB)} GiB`
  const rows = [
    [
      'updates and readings at peak',
      `${grouped(updates)} and ${grouped(reads)} a second`,
      'connected / 60 s, connected / 300 s',
    ],
    ['updates a day', `${(perDay / 1e6).toFixed(0)} million`, `peak / ${peakFactor} × 86,400 s`],
    ['cores of PostgreSQL', databaseCores.toFixed(1), `(updates × cost with small groups + readings × cost) / ${load}`],
    ['cores for nodes', nodeCores.toFixed(1), `(updates + readings + hints × cost) / ${load}`],
    ['nodes of one core', String(nodes), 'cores for nodes, and one that may fail'],
    [
      'memory of a node',
      `${grouped(SITE.mibPerNode + ((connected / (nodes - 1)) * SITE.kibPerSocket) / 1_024)} MiB`,
      'at rest + sockets × 16 KiB, one node having failed',
    ],
    ['connections to PostgreSQL', grouped(nodes * SITE.connectionsPerNode), 'nodes × SATCHEL_DATABASE_POOL'],
    ['data stored', gib(stored), 'identities × (identity + 2 × (dataset + 20 × record of 200 bytes) + 4 markers)'],
    ['log written a day', gib(perDay * shared['walBytes-4']), 'updates a day × bytes of log'],
    [
      'a full backup, and a week of log',
      `${gib(stored)} and ${gib(7 * perDay * shared['walBytes-4'])}`,
      'before compression',
    ],
    ['messages to Redis at peak', `${grouped(updates)} a second`, 'one for each update that somebody watches'],
    [
      'messages from Redis at peak',
      `at most ${grouped(updates * (devicesPerIdentity - 1))} a second`,
      'one to each node that watches the identity',
    ],
    [
      'changes to Kafka at peak',
      `${grouped(updates)} a second, ${((updates * STREAM_BYTES) / 1e6).toFixed(1)} MB/s`,
      '900 bytes each, before replication',
    ],
    [
      'outbox kept for a week',
      gib(7 * perDay * STREAM_BYTES * 1.5),
      'updates a day × 7 × 900 bytes × 1.5 for rows and indexes, if streaming',
    ],
  ]
  return ['| a site | | by |', '| --- | --- | --- |', ...rows.map((row) => `| ${row.join(' | ')} |`)].join('\n')
}

/** A device's marker with its two indexes, and a change with its headers: added up from their columns, not measured. */
const MARKER_BYTES = 400
const STREAM_BYTES = 900
