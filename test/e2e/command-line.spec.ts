import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describeWithPostgres } from '../support/postgres/describe-with-postgres.js'
import { runSatchel as satchel } from '../support/run-satchel.js'

test('[V78] help lists the commands, and says how each is called', async () => {
  const { code, stdout } = await satchel(['help'])
  expect(code).toBe(0)
  expect(stdout).toMatch(/^ {2}audit-stream {2}\S/m)
  for (const args of [
    ['help', 'audit-stream'],
    ['audit-stream', '--help'],
  ]) {
    expect((await satchel(args)).stdout).toContain('--replay <identity>/<dataset> --from <count>')
  }
  expect((await satchel(['--help'])).stdout).toContain('SATCHEL_DATA_DIR')
})

test.each([
  [['audit'], 'there is no command "audit"; npx satchel help lists the commands'],
  [['--port', '80'], 'there is no command "--port"'],
  [['--help', '--port'], "Unknown option '--port'"],
  [['help', 'audit'], 'there is no command "audit"'],
  [['audit-stream', '--fix'], "Unknown option '--fix'"],
  [['audit-stream', 'changes'], "Unexpected argument 'changes'"],
  [['audit-stream', '--replay', 'prefs', '--from', '1'], '--replay takes an identity id and a dataset name'],
  [['audit-stream', '--replay', 'eu-west-1:a/prefs'], '--replay needs --from with a sync count'],
  [['audit-stream', '--replay', 'eu-west-1:a/prefs', '--from', '0'], '--replay needs --from with a sync count'],
  [['rotate-keys', '--signing', '--new-master-key'], 'rotate-keys does one thing at a time'],
  [['rotate-keys', '--signs-after', '5'], '--signs-after goes with --signing'],
  [['rotate-keys', '--signing', '--signs-after', 'soon'], '--signs-after takes a number of seconds from 0 to 604800'],
  [['keys', '--json'], "Unknown option '--json'"],
  [['audit-stream', '--from', '3'], '--replay takes an identity id and a dataset name'],
])('[V78] %j is a sentence and exit code 2', async (args, sentence) => {
  const { code, stdout, stderr } = await satchel(args)
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  expect(stderr).toContain(sentence)
  expect(stderr.trimEnd().split('\n')).toHaveLength(1)
})

test('[V75] without a broker, or without a database, the auditor says so with exit code 2', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'satchel-nothing-'))
  const settings = { SATCHEL_DATA_DIR: dataDir }
  const without = await satchel(['audit-stream'], settings)
  expect(without).toMatchObject({ code: 2, stdout: '' })
  expect(without.stderr).toContain('SATCHEL_KAFKA_BROKERS is not set')
  const nowhere = await satchel(['audit-stream'], { ...settings, SATCHEL_KAFKA_BROKERS: '127.0.0.1:1' })
  expect(nowhere).toMatchObject({ code: 2, stdout: '' })
  expect(nowhere.stderr).toContain(`there is no database ${join(dataDir, 'satchel.db')}`)
  rmSync(dataDir, { recursive: true })
})

test.each(['backup', 'restore'])('[V78] %s is for the embedded database alone', async (command) => {
  const settings = {
    SATCHEL_DATABASE_URL: 'postgres://127.0.0.1:1/satchel',
    SATCHEL_MASTER_KEY: Buffer.alloc(32, 7).toString('base64'),
  }
  const { code, stdout, stderr } = await satchel([command, 'nowhere.db'], settings)
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  expect(stderr).toContain(`${command} is for the embedded database`)
})

test('[V75] the auditor reads the database that the settings name', async () => {
  const { code, stderr } = await satchel(['audit-stream'], {
    SATCHEL_KAFKA_BROKERS: '127.0.0.1:1',
    SATCHEL_DATABASE_URL: 'postgres://nobody:secret-canary@127.0.0.1:1/satchel',
    SATCHEL_MASTER_KEY: Buffer.alloc(32, 7).toString('base64'),
  })
  expect(code).toBe(2)
  expect(stderr).toContain('the database at 127.0.0.1:1/satchel cannot be used')
  expect(stderr).not.toContain('secret-canary')
})

describeWithPostgres('a command on PostgreSQL', (postgres) => {
  test('[V78] ends well only once it has done what it was called for, also where the database had it try again', async () => {
    const url = await postgres().createDatabase()
    const settings = { SATCHEL_DATABASE_URL: url, SATCHEL_MASTER_KEY: Buffer.alloc(32, 7).toString('base64') }
    const dataDir = mkdtempSync(join(tmpdir(), 'satchel-command-'))
    const run = (args: readonly string[]) => satchel(args, { ...settings, SATCHEL_DATA_DIR: dataDir })
    expect(await run(['migrate'])).toMatchObject({ code: 0 })
    const name = new URL(url).pathname.slice(1)
    await postgres().ask(
      `CREATE SEQUENCE tries;
       CREATE FUNCTION in_the_way() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
         IF nextval('tries') < 3 THEN RAISE EXCEPTION 'somebody was in the way' USING ERRCODE = '40001'; END IF; RETURN NEW; END $$;
       CREATE TRIGGER in_the_way BEFORE UPDATE ON history FOR EACH ROW EXECUTE FUNCTION in_the_way()`,
      name,
    )
    const { code, stderr } = await run(['--new-epoch'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining('A new epoch has begun') as string })
    const [{ base }] = (await postgres().ask('SELECT epoch_base AS base FROM history', name)) as [{ base: string }]
    expect(Number(base)).toBeGreaterThan(0)
    rmSync(dataDir, { recursive: true })
  })
})
