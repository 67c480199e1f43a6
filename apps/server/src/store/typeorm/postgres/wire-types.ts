import pg from 'pg'

/** 2^53 and more would lose its last digits as a number. */
function wholeNumber(text: string): number {
  const number = Number(text)
  if (!Number.isSafeInteger(number)) throw new Error(`the database holds ${text}, which is beyond 2^53 - 1`)
  return number
}

const { INT8 } = pg.types.builtins

/** As `pg` reads types, but BIGINT as a number; one that is too large for that is a defect. */
export const wireTypes: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
    oid === INT8
      ? wholeNumber
      : pg.types.getTypeParser(oid, format as 'text')) as pg.CustomTypesConfig['getTypeParser'],
}
