import {
  parseDatasetName,
  parseDeviceId,
  parseIdentityId,
  parseIdentityPoolId,
  type DatasetPath,
  type DeviceId,
  type IdentityId,
  type IdentityPoolId,
  type Parsed,
  type Violation,
} from '@satchel/protocol'
import type { FastifyRequest } from 'fastify'
import { refuseViolations } from '../../refusal.js'

/** Reads the pool from a path; refuses with the words of its violation (H11). */
export const poolIn = (request: FastifyRequest): IdentityPoolId => all(request, 'pool').pool

/** Reads pool and identity from a path; refuses naming every part that is wrong. */
export const identityIn = (request: FastifyRequest): Readonly<{ pool: IdentityPoolId; identity: IdentityId }> =>
  all(request, 'pool', 'identity')

/** Reads a dataset's path; refuses naming every part that is wrong. */
export const datasetIn = (request: FastifyRequest): DatasetPath => all(request, 'pool', 'identity', 'dataset')

/** Reads a dataset's path with a device behind it. */
export const deviceIn = (request: FastifyRequest): DatasetPath & Readonly<{ device: DeviceId }> =>
  all(request, 'pool', 'identity', 'dataset', 'device')

type Ids = { pool: IdentityPoolId; identity: IdentityId; dataset: DatasetPath['dataset']; device: DeviceId }

const parsers: { readonly [Name in keyof Ids]: (sent: unknown) => Parsed<Ids[Name]> } = {
  pool: parseIdentityPoolId,
  identity: parseIdentityId,
  dataset: parseDatasetName,
  device: parseDeviceId,
}

function all<Name extends keyof Ids>({ params }: FastifyRequest, ...names: readonly Name[]): Pick<Ids, Name> {
  const ids: Partial<Ids> = {}
  const violations: Violation[] = []
  for (const name of names) {
    const id: Parsed<Ids[Name]> = parsers[name]((params as Record<string, unknown>)[name])
    if (id.ok) ids[name] = id.value
    else violations.push(id.violation)
  }
  if (violations.length > 0) refuseViolations('InvalidParameter', violations)
  return ids as Pick<Ids, Name>
}
