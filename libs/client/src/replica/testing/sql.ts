import initSqlJs, { type SqlJsStatic } from 'sql.js'

/** The real sql.js, loaded once for a file of tests. */
export const sql: SqlJsStatic = await initSqlJs()
