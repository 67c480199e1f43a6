import { createRequire } from 'node:module'
import type * as PromClient from 'prom-client'

const require = createRequire(import.meta.url)

/*
 * The instruments of prom-client, by their files: its index brings what watches the process as well, and a tracing
 * library with it, which nobody has to wait for at a start.
 */

export const Counter = require('prom-client/lib/counter.js') as typeof PromClient.Counter
export const Gauge = require('prom-client/lib/gauge.js') as typeof PromClient.Gauge
export const Histogram = require('prom-client/lib/histogram.js') as typeof PromClient.Histogram
export const Registry = require('prom-client/lib/registry.js') as typeof PromClient.Registry

/** A counter that asks at every scrape what it stands at, by the one label that it has. */
export function askedCounter<Label extends string>({
  registry,
  name,
  help,
  label,
  read,
}: Readonly<{
  registry: PromClient.Registry
  name: string
  help: string
  label: Label
  read: () => Iterable<readonly [value: string, count: number]>
}>): void {
  new Counter({
    name,
    help,
    labelNames: [label],
    registers: [registry],
    collect() {
      this.reset()
      for (const [value, count] of read()) this.labels(value).inc(count)
    },
  })
}

/** A gauge that asks at every scrape; where the answer is null, it is missing from the scrape. */
export function askedGauge({
  registry,
  name,
  help,
  read,
}: Readonly<{
  registry: PromClient.Registry
  name: string
  help: string
  read: () => number | null | Promise<number | null>
}>): void {
  new Gauge({
    name,
    help,
    registers: [registry],
    async collect() {
      const value = await read()
      if (value === null) this.remove()
      else this.set(value)
    },
  })
}
