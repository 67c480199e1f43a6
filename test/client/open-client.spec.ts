import { openClient as openBrowserClient } from '../../libs/client/src/open-client.js'
import { openClient, type NodeClientOptions } from '../../libs/client/src/open-node-client.js'

const options: NodeClientOptions = {
  endpoint: 'https://sync.example.com',
  pool: 'us-east-1:10000000-0000-4000-8000-000000000001',
  directory: './state',
}

test.each([
  ['endpoint', { endpoint: 'sync.example.com' }],
  ['endpoint', { endpoint: 'ftp://sync.example.com' }],
  ['pool', { pool: 'no pool' }],
  ['name', { name: 'no/name' }],
  ['directory', { directory: undefined as unknown as string }],
  ['directory', { directory: '' }],
  ['directory', { directory: 7 as unknown as string }],
])('[NM1] a client with a wrong %s is refused with a TypeError that names the option: %j', async (name, wrong) => {
  const opening = openClient({ ...options, ...wrong })
  await expect(opening).rejects.toBeInstanceOf(TypeError)
  await expect(opening).rejects.toThrow(name)
})

test('[NM1] so it is in browsers, before anything is loaded', async () => {
  const opening = openBrowserClient({ ...options, endpoint: 'nowhere' })
  await expect(opening).rejects.toBeInstanceOf(TypeError)
  await expect(opening).rejects.toThrow('endpoint')
})
