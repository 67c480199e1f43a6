import type * as PromClient from 'prom-client'
import type { ConnectionFigures, ConnectionKind, ListingSource } from '../store/connection-figures.js'
import { askedCounter, Gauge } from './instruments.js'

type Figure = (figures: ConnectionFigures) => number

/** Adds how the connections to the database are used, by what they are for (PL2). Asks at every scrape. */
export function watchConnections(
  registry: PromClient.Registry,
  figures: () => ReadonlyMap<ConnectionKind, ConnectionFigures>,
): void {
  const gauge = (name: string, help: string, figure: Figure) =>
    new Gauge({
      name,
      help,
      labelNames: ['kind'],
      registers: [registry],
      collect() {
        for (const [kind, each] of figures()) this.labels(kind).set(figure(each))
      },
    })
  const counter = (name: string, help: string, figure: Figure) =>
    askedCounter({
      registry,
      name,
      help,
      label: 'kind',
      read: () => [...figures()].map(([kind, each]) => [kind, figure(each)] as const),
    })
  gauge('satchel_database_connections_max', 'Connections to the database at most.', ({ places }) => places)
  gauge('satchel_database_connections_in_use', 'Connections on which something is under way.', ({ inUse }) => inUse)
  gauge('satchel_database_waiting', 'Requests that wait for a connection.', ({ waiting }) => waiting)
  gauge(
    'satchel_database_oldest_wait_seconds',
    'How long the first of those has waited.',
    ({ oldestWaitMs }) => oldestWaitMs / 1_000,
  )
  counter('satchel_database_waits_total', 'Requests that waited for a connection and had it.', ({ waits }) => waits)
  counter(
    'satchel_database_wait_seconds_total',
    'How long those waited, all together.',
    ({ waitedMs }) => waitedMs / 1_000,
  )
  counter(
    'satchel_database_refused_total',
    'Requests turned away because the database had too much to do, or answered nobody.',
    ({ refused }) => refused,
  )
}

/** Adds what answered the listings of large datasets (PL9). Asks at every scrape. */
export const watchListings = (registry: PromClient.Registry, figures: () => ReadonlyMap<ListingSource, number>): void =>
  askedCounter({
    registry,
    name: 'satchel_listings_total',
    help: 'Listings that a replica may answer, by what did: replica, or why the primary had to (behind, ahead, away, busy, small).',
    label: 'source',
    read: figures,
  })
