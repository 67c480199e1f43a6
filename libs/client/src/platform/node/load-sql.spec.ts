import { loadSql } from './load-sql.js'

test('[NC20] in Node SQLite comes from the package, once', async () => {
  const [one, two] = await Promise.all([loadSql(), loadSql()])
  expect(one).toBe(two)
  expect(new one.Database().exec('SELECT 6 * 7')[0]!.values).toEqual([[42]])
})
