import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { aGuest, adminOf } from '../support/a-pool.js'
import { exchange } from '../support/http-exchange.js'
import { testProcesses } from '../support/test-processes.js'
import { replace } from '../support/wire-client.js'

const { aDirectory, startServer, restart } = testProcesses()

describe('the demo', () => {
  test('[O25] [O26] a page, a pool that takes guests, and a snippet that works as it is printed', async () => {
    const server = await startServer({ settings: { SATCHEL_DEMO: undefined } })
    const page = await exchange(server.url, { target: '/' })
    expect(page.status).toBe(200)
    expect(page.headers['content-type']).toMatch(/^text\/html/)
    expect(page.headers['content-security-policy']).toContain("default-src 'none'")
    for (const [, file] of page.text.matchAll(/(?:src|href)="([^"#]+)"/g)) {
      const target = new URL(file!, `${server.url}/`).pathname
      expect([file, (await exchange(server.url, { target })).status]).toEqual([file, 200])
    }
    for (const target of ['/demo/..%2f..%2fpackage.json', '/demo/.', '/demo/nothing.js', '/demo/']) {
      expect((await exchange(server.url, { target })).status).toBe(404)
    }

    const [, pool] = await server.process.line(/identity pool "demo": (\S+)/)
    const described = await adminOf(server).identity.describeIdentityPool({ IdentityPoolId: pool })
    expect(described).toMatchObject({ IdentityPoolName: 'demo', AllowUnauthenticatedIdentities: true })
    const guest = await aGuest(server, pool!)
    await guest.device.write('settings', replace('theme', 'dark'))

    const settings = await exchange(server.url, { target: '/demo/settings.json' })
    const { snippets } = settings.json() as { snippets: { id: string; code: string }[] }
    const { code } = snippets.find(({ id }) => id === 'sdk-v3')!
    for (const line of code.trimEnd().split('\n')) expect(server.process.output).toContain(line)
    const root = new URL('../../', import.meta.url)
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', code], {
      cwd: root,
    })
    expect(stdout).toContain("Key: 'theme'")
    await server.stop()
  })

  test('[I28] the demo pool is the same after a restart', async () => {
    const first = await startServer({ settings: { SATCHEL_DEMO: 'on' }, dataDir: aDirectory() })
    const [, pool] = await first.process.line(/identity pool "demo": (\S+)/)
    await first.stop()
    const second = await restart(first)
    expect((await second.process.line(/identity pool "demo": (\S+)/))[1]).toBe(pool)
    expect((await adminOf(second).identity.listIdentityPools({ MaxResults: 9 })).IdentityPools).toHaveLength(1)
    await second.stop()
  })

  test('off, there is neither page nor pool', async () => {
    const server = await startServer()
    expect((await exchange(server.url, { target: '/' })).status).toBe(404)
    expect((await adminOf(server).identity.listIdentityPools({ MaxResults: 9 })).IdentityPools).toEqual([])
    expect(server.process.output).not.toContain('"demo"')
    expect(server.process.output).not.toContain('browser')
    expect(existsSync(join(server.dataDir, 'satchel.db'))).toBe(true)
    await server.stop()
  })
})
