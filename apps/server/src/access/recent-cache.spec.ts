import { RecentCache } from './recent-cache.js'

test('[A15] a cache holds no more than its capacity, whatever passes through', () => {
  const cache = new RecentCache<number, string>(10)
  for (let key = 0; key < 1_000; key++) {
    cache.set(key, String(key))
    cache.get(key - 3)
    expect(cache.size).toBeLessThanOrEqual(10)
  }
})

test('[A15] what is asked for again and again stays', () => {
  const cache = new RecentCache<string, number>(4)
  cache.set('wanted', 7)
  for (let key = 0; key < 100; key++) {
    cache.set(`passing ${key}`, key)
    expect(cache.get('wanted')).toBe(7)
  }
  expect(cache.get('passing 3')).toBeUndefined()
})

test('[A15] a key set twice has its last value, and one never set has none', () => {
  const cache = new RecentCache<string, number>(4)
  cache.set('a', 1)
  cache.set('a', 2)
  expect(cache.get('a')).toBe(2)
  expect(cache.get('b')).toBeUndefined()
})
