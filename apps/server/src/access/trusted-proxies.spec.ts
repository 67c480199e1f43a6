import { isEverybody, rangeFault, TrustedProxies } from './trusted-proxies.js'

const from = (remoteAddress: string | undefined, ...forwarded: string[]) => ({
  socket: { remoteAddress },
  headers: forwarded.length === 0 ? {} : { 'x-forwarded-for': forwarded },
})

const proxies = new TrustedProxies(['10.0.0.0/8', '192.0.2.7', '2001:db8:1::/48', '::ffff:172.16.0.0/108'])

test.each([
  ['a stranger claims to be somebody', from('203.0.113.9', '198.51.100.1'), '203.0.113.9'],
  ['a proxy says nothing', from('10.1.2.3'), '10.1.2.3'],
  ['a proxy says something empty', from('10.1.2.3', ''), '10.1.2.3'],
  ['one proxy', from('10.1.2.3', '198.51.100.1'), '198.51.100.1'],
  ['one proxy, and a client that claims to be somebody', from('10.1.2.3', '192.0.2.99, 198.51.100.1'), '198.51.100.1'],
  ['one proxy, and a client that claims to be a proxy', from('10.1.2.3', '10.9.9.9,198.51.100.1'), '198.51.100.1'],
  ['two proxies', from('10.1.2.3', '192.0.2.99, 198.51.100.1, 192.0.2.7'), '198.51.100.1'],
  ['two proxies, each with a line of its own', from('10.1.2.3', '198.51.100.1', '192.0.2.7'), '198.51.100.1'],
  ['a proxy of which nobody knows', from('10.1.2.3', '198.51.100.1, 192.0.2.8'), '192.0.2.8'],
  ['a proxy that asks for itself', from('10.1.2.3', '10.0.0.1, 192.0.2.7'), '10.0.0.1'],
  ['what is no address', from('10.1.2.3', '198.51.100.1, unknown'), '10.1.2.3'],
  ['what is no address, behind a proxy', from('10.1.2.3', '198.51.100.1, , 192.0.2.7'), '192.0.2.7'],
  ['an address with a port', from('10.1.2.3', '198.51.100.1:4711'), '10.1.2.3'],
  ['an address of IPv6', from('2001:db8:1::5', '2001:0DB8:2:0::9'), '2001:db8:2::9'],
  ['an address of IPv6 beside the range', from('2001:db8:2::5', '2001:db8:2::9'), '2001:db8:2::5'],
  ['IPv4 as a listener on IPv6 shows it', from('::ffff:10.1.2.3', '::FFFF:c633:6401'), '::ffff:198.51.100.1'],
  ['a range of IPv4 written as IPv6', from('172.16.9.9', '198.51.100.1'), '198.51.100.1'],
  ['a connection that is gone', from(undefined, '198.51.100.1'), ''],
])('[O27] %s', (_, arrived, address) => {
  expect(proxies.addressOf(arrived)).toBe(address)
})

test('[O27] where no proxy is named, nobody is believed, and the interface of an address is no part of a range', () => {
  expect(new TrustedProxies([]).addressOf(from('127.0.0.1', '198.51.100.1'))).toBe('127.0.0.1')
  expect(new TrustedProxies(['fe80::/10']).addressOf(from('fe80::1%eth0', '198.51.100.1'))).toBe('198.51.100.1')
})

test.each([
  ['10.0.0.1', null],
  ['10.0.0.0/0', null],
  ['10.0.0.0/32', null],
  ['2001:db8::/128', null],
  ['::1', null],
  ['10.0.0.0/33', 'has something else than 0 to 32 behind its slash'],
  ['10.0.0.0/', 'has something else than 0 to 32 behind its slash'],
  ['10.0.0.0/255.0.0.0', 'has something else than 0 to 32 behind its slash'],
  ['2001:db8::/129', 'has something else than 0 to 128 behind its slash'],
  ['fe80::1%eth0', 'names a network interface, which no range can'],
  ['10.0.0.1:80', 'is neither an IP address nor a range such as 10.0.0.0/8'],
  ['[::1]', 'is neither an IP address nor a range such as 10.0.0.0/8'],
  ['010.0.0.1', 'is neither an IP address nor a range such as 10.0.0.0/8'],
  ['proxy.example.com', 'is neither an IP address nor a range such as 10.0.0.0/8'],
  ['10.0.0/8', 'is neither an IP address nor a range such as 10.0.0.0/8'],
])('[O27] the range %s: %s', (range, fault) => {
  expect(rangeFault(range)).toBe(fault)
  if (fault === null) expect(() => new TrustedProxies([range])).not.toThrow()
})

test('[O27] ranges that are everybody', () => {
  const ranges = ['0.0.0.0/0', '::/00', '10.0.0.0/8', '0.0.0.0', '::']
  expect(ranges.filter(isEverybody)).toEqual(['0.0.0.0/0', '::/00'])
})
