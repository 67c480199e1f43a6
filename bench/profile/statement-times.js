import Database from 'better-sqlite3'

/** How long every SQL statement of a thread takes; watching costs below a microsecond each. */
export class StatementTimes {
  #bySql = new Map()

  /** Watches what is prepared from now on. */
  static watch() {
    const times = new StatementTimes()
    const prepare = Database.prototype.prepare
    Database.prototype.prepare = function watched(sql) {
      const statement = prepare.call(this, sql)
      for (const way of ['run', 'all', 'get']) times.#time(statement, way, sql)
      return statement
    }
    return times
  }

  clear() {
    this.#bySql.clear()
  }

  taken() {
    return [...this.#bySql].map(([sql, { ms, times }]) => ({ sql, ms, times }))
  }

  #time(statement, way, sql) {
    const execute = statement[way]
    statement[way] = (...parameters) => {
      const startedAt = performance.now()
      try {
        return execute.apply(statement, parameters)
      } finally {
        this.#note(sql, performance.now() - startedAt)
      }
    }
  }

  #note(sql, ms) {
    const held = this.#bySql.get(sql)
    if (held === undefined) this.#bySql.set(sql, { ms, times: 1 })
    else {
      held.ms += ms
      held.times++
    }
  }
}
