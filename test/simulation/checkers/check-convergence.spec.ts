import type { DeviceView, ServerView } from '../history.js'
import { checkConvergence } from './check-convergence.js'
import { me, view } from './made-up-history.js'

const held = (live: ServerView['live']): ServerView => ({
  identity: me,
  dataset: 'prefs',
  exists: true,
  syncCount: 1,
  live,
})

describe('convergence', () => {
  test('a tab that shows what the server holds passes; conflicts and parked edits show what is here', () => {
    expect(checkConvergence([view({ shown: [['a', '1']] })], [held([['a', '1']])])).toEqual([])
    const conflicts = [{ key: 'a', local: '1', remote: '2', remoteBy: 'pad' }]
    const pending = [{ key: 'a', value: '1' }]
    expect(checkConvergence([view({ shown: [['a', '1']], conflicts, pending })], [held([['a', '2']])])).toEqual([])
  })

  test.each<[string, DeviceView, ServerView['live']]>([
    ['a record that did not arrive', view(), [['a', '1']]],
    ['a removed record that is still shown', view({ shown: [['a', '1']] }), []],
    ['another value', view({ shown: [['a', '1']] }), [['a', '2']]],
    ['an edit that still waits', view({ shown: [['a', '1']], pending: [{ key: 'a', value: '1' }] }), [['a', '1']]],
    ['a tab that is not live', view({}, { status: 'waiting' }), []],
  ])('finds %s', (_, shown, live) => {
    expect(checkConvergence([shown], [held(live)])).not.toEqual([])
  })
})
