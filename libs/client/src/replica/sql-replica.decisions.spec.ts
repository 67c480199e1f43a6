import { next, replicaOf, sendableKeys, shown } from './testing/a-replica.js'
import { answer, edit, park, PREFS, put, record, settle, snapshot } from './testing/entries.js'

describe('a decision', () => {
  const clashing = () => replicaOf(answer(snapshot(5, [record('a', 'theirs', 5)])), put('a', 'mine', 4))

  test('[ND8] for this side sends it, for the other shows that one, before it is placed', () => {
    const replica = clashing()
    const local = [settle('a', 3, edit('a', 'mine', 5))]
    const { ticket } = replica.show(local)
    expect(shown(replica)).toEqual({ a: 'mine' })
    replica.apply(4, local, ticket)
    expect(sendableKeys(replica)).toEqual(['a'])

    const other = clashing()
    const remote = [settle('a', 3, null)]
    expect(other.show(remote).shown).toEqual([{ dataset: PREFS, keys: ['a'] }])
    expect(shown(other)).toEqual({ a: 'theirs' })
    expect(other.apply(4, remote, { group: remote })).toEqual({
      shown: [],
      settled: [{ dataset: PREFS, key: 'a', through: 4, as: 'overruled' }],
    })
  })

  test('[ND8] about an edit that was replaced shows and changes nothing', () => {
    const replica = clashing()
    next(replica, put('a', 'newer', 5))
    const late = [settle('a', 3, null)]
    expect(replica.show(late).shown).toEqual([])
    expect(next(replica, ...late)).toEqual({ shown: [], settled: [] })
    expect(shown(replica)).toEqual({ a: 'newer' })
  })

  test('[ND8] about an edit that a newer one covers already does not cover that one', () => {
    const replica = clashing()
    replica.show([put('a', 'newer', 5)])
    expect(replica.show([settle('a', 3, null)]).shown).toEqual([])
    expect(shown(replica)).toEqual({ a: 'newer' })
  })
})

describe('parking', () => {
  test('[ND9] keeps an edit, shows it and does not send it, until it is put again', () => {
    const replica = replicaOf(put('a', 'big'), put('b', 'small'))
    expect(next(replica, park('a')).settled).toEqual([
      { dataset: PREFS, key: 'a', through: 4, as: { code: 'LimitExceeded', message: 'full' } },
    ])
    expect(shown(replica)).toEqual({ a: 'big', b: 'small' })
    expect(sendableKeys(replica)).toEqual(['b'])
    expect(replica.pending(PREFS)).toMatchObject([{ key: 'a', parked: { code: 'LimitExceeded' } }, { parked: null }])
    next(replica, put('a', 'less'))
    expect(sendableKeys(replica)).toEqual(['b', 'a'])
  })

  test('[ND9] a parked edit is no conflict', () => {
    const replica = replicaOf(put('a', 'big'), park('a'), answer(snapshot(5, [record('a', 'theirs', 5)])))
    expect(replica.clashes(PREFS)).toEqual([])
    expect(shown(replica)).toEqual({ a: 'big' })
  })
})
