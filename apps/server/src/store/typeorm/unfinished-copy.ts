/** Listed among a database's migrations as long as a copy into it is not whole, or was made beside a server that goes on: no server then takes the database for its own. */
export const UNFINISHED_COPY = 'UnfinishedCopy'
