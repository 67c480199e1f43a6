/** The embedded database, in the data directory. */
export const DATABASE_FILE = 'satchel.db'
