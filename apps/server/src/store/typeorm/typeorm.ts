import { createRequire } from 'node:module'
import type * as Typeorm from 'typeorm'

/**
 * TypeORM's values; its types come from the package as ever. Required, because Node reads an imported CommonJS package
 * twice, the first time for the names that it exports, and this one has 300 files.
 */
export const { Column, DataSource, Entity, MoreThan, PrimaryColumn, QueryFailedError } = createRequire(import.meta.url)(
  'typeorm',
) as typeof Typeorm

export type DataSource = Typeorm.DataSource
