import pg from 'pg'

/** The type BIGINT, as the protocol numbers it. */
const BIGINT = 20

type Parser = (text: string) => unknown

/** 2^53 and more would lose its last digits as a number. */
function wholeNumber(text: string): number {
  const number = Number(text)
  if (!Number.isSafeInteger(number)) throw new Error(`the database holds ${text}, which is beyond 2^53 - 1`)
  return number
}

/** As `pg` reads types, but BIGINT as a number; one that is too large for that is a defect. */
export const wireTypes: pg.CustomTypesConfig = {
  getTypeParser: (oid: number, format?: 'text' | 'binary'): Parser =>
    oid === BIGINT ? wholeNumber : (pg.types.getTypeParser(oid, format) as Parser),
}

/** A row that came as JSON; refuses what `wireTypes` refuses. */
export function wholeNumbersOf<Row extends object>(row: Row): Row {
  for (const [column, value] of Object.entries(row)) {
    if (typeof value === 'number' && !Number.isSafeInteger(value)) {
      throw new Error(`the database holds a "${column}" that is beyond 2^53 - 1`)
    }
  }
  return row
}
