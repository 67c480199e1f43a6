import {
  NO_ROLES,
  type PoolRoles,
  type PoolSettings,
  type RoleMapping,
  type UserPoolClient,
} from '../domain/identity-pool.js'
import type { StreamTarget } from '../domain/stream-target.js'
import { NO_SYNC_SETTINGS, streamTargetOf, type SyncSettings } from '../domain/sync-settings.js'

/**
 * How adapters keep a pool's settings: as JSON, with maps as lists of pairs, so that no name a user chose
 * becomes the name of a member.
 */
export function settingsToJson(settings: PoolSettings): string {
  const { supportedLoginProviders, tags, ...rest } = settings
  return JSON.stringify({ ...rest, supportedLoginProviders: [...supportedLoginProviders], tags: [...tags] })
}

export function settingsFromJson(json: string): PoolSettings {
  const kept = JSON.parse(json) as KeptSettings
  return { ...kept, supportedLoginProviders: new Map(kept.supportedLoginProviders), tags: new Map(kept.tags) }
}

export function rolesToJson({ authenticated, unauthenticated, mappings }: PoolRoles): string {
  return JSON.stringify({ authenticated, unauthenticated, mappings: [...mappings] })
}

export function rolesFromJson(json: string): PoolRoles {
  const { mappings, ...roles } = { ...NO_ROLES, mappings: [], ...(JSON.parse(json) as Partial<KeptRoles>) }
  return { ...roles, mappings: new Map(mappings) }
}

export const syncSettingsToJson = (settings: SyncSettings): string => JSON.stringify(settings)

/** Reads also what was kept before streams were: with neither a reason nor a target. */
export function syncSettingsFromJson(json: string): SyncSettings {
  const kept = { ...NO_SYNC_SETTINGS, ...(JSON.parse(json) as Partial<SyncSettings>) }
  const { cognitoStreams } = kept
  return cognitoStreams === null
    ? kept
    : { ...kept, cognitoStreams: { ...{ disabledReason: null, target: null }, ...cognitoStreams } }
}

/** Null for a pool whose stream is not enabled. */
export function streamTargetToJson(settings: SyncSettings): string | null {
  const target = streamTargetOf(settings)
  return target === null ? null : JSON.stringify(target)
}

export const streamTargetFromJson = (json: string): StreamTarget => JSON.parse(json) as StreamTarget

type Pairs<T> = readonly (readonly [string, T])[]

type KeptSettings = Omit<PoolSettings, 'supportedLoginProviders' | 'tags'> & {
  cognitoIdentityProviders: readonly UserPoolClient[]
  supportedLoginProviders: Pairs<string>
  tags: Pairs<string>
}

type KeptRoles = Omit<PoolRoles, 'mappings'> & { mappings: Pairs<RoleMapping> }
