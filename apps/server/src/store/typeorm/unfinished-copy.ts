/** Listed among a database's migrations as long as a copy into it is not whole: no server then takes the database for its own. */
export const UNFINISHED_COPY = 'UnfinishedCopy'
