import pg from 'pg'
import { wireTypes } from './wire-types.js'

test('[X12] BIGINT is read as a number up to 2^53 - 1, and one beyond that is a defect, never a wrong number', () => {
  const bigint = wireTypes.getTypeParser(pg.types.builtins.INT8, 'text') as (text: string) => unknown
  expect(['0', '-7', '9007199254740991'].map(bigint)).toEqual([0, -7, Number.MAX_SAFE_INTEGER])
  expect(() => bigint('9007199254740993')).toThrow('the database holds 9007199254740993, which is beyond 2^53 - 1')
})
