import { addressOf, guestIn, ownGuestIn, placeOf, textOf } from './guest-address.js'

const ME = 'us-east-1:4c1e2a77'
const OTHER = 'us-east-1:99999999'

test('an address names a guest, and names it back', () => {
  const address = addressOf(ME, 'http://localhost:4680/?a=b#something')
  expect(address).toBe('http://localhost:4680/?a=b#guest=us-east-1%3A4c1e2a77')
  expect(guestIn(new URL(address).hash)).toBe(ME)
  expect(guestIn('')).toBeNull()
})

test.each([
  [null, { turn: 1, id: null }, { guest: null, suffix: '-1', own: true }],
  [null, { turn: 3, id: ME }, { guest: ME, suffix: '-3', own: true }],
  [ME, { turn: 3, id: ME }, { guest: ME, suffix: '-3', own: true }],
  [OTHER, { turn: 1, id: null }, { guest: OTHER, suffix: '-1', own: true }],
  [OTHER, { turn: 3, id: ME }, { guest: OTHER, suffix: '-of-us-east-1_99999999', own: false }],
])('[NF3] an address that asks for %s in the browser of %j opens %j', (asked, own, place) => {
  expect(placeOf(asked, own)).toEqual(place)
})

test.each([
  [null, { turn: 1, id: null }],
  ['2', { turn: 2, id: null }],
  [`2 ${ME}`, { turn: 2, id: ME }],
  ['{"what":"ever"}', { turn: 1, id: null }],
])('a browser that kept %j has the guest %j', (text, own) => {
  expect(ownGuestIn(text)).toEqual(own)
  expect(ownGuestIn(textOf(own))).toEqual(own)
})
