import type { Logger } from 'typeorm'

/** TypeORM prints statements with their parameters, which are users' values; nothing of it may reach a log. */
export const silentLogger: Logger = {
  logQuery: () => {},
  logQueryError: () => {},
  logQuerySlow: () => {},
  logSchemaBuild: () => {},
  logMigration: () => {},
  log: () => {},
}
