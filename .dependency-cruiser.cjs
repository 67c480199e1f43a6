const SPECS = '\\.spec\\.ts$'
const TESTS = `${SPECS}|/testing/`

const rule = (name, from, to, comment) => ({ name, severity: 'error', ...(comment && { comment }), from, to })

/** Of all that is `within` a path, only one folder imports these packages. */
const onlyKnows = (name, within, folder, packages) =>
  rule(name, { path: within, pathNot: `^${folder}|${SPECS}` }, { path: `node_modules/${packages}/` })

/** The folder that may import a package does so when it first needs it, and otherwise imports types alone. */
const loadedLate = (name, folder, packages, without) =>
  rule(
    name,
    { path: `^${folder}`, pathNot: TESTS },
    { path: `node_modules/${packages}/`, dependencyTypesNot: ['type-only', 'dynamic-import'] },
    `${without} starts without the client library.`,
  )

/** Who may import whom; ARCHITECTURE.md says why. */
module.exports = {
  forbidden: [
    rule('no-cycles', {}, { circular: true }),
    rule('protocol-stands-alone', { path: '^libs/protocol/src', pathNot: TESTS }, { pathNot: '^libs/protocol/src' }),
    rule(
      'domain-is-pure',
      { path: '^apps/server/src/domain', pathNot: SPECS },
      { pathNot: ['^apps/server/src/domain', '^libs/protocol'] },
      'The core imports the protocol and itself: no framework, driver, clock or chance.',
    ),
    rule(
      'merge-is-pure',
      { path: '^libs/client/src/merge', pathNot: SPECS },
      { pathNot: ['^libs/client/src/(merge|journal/entry|replica/replica)', '^libs/protocol'] },
      "The client's core decides over plain data: no storage, network, clock or chance.",
    ),
    rule(
      'client-core-knows-no-platform',
      { path: '^libs/client/src/(replica|local|session)', pathNot: TESTS },
      { path: '^node:|node_modules/(socket\\.io-client)|^libs/client/src/platform/(browser|node)' },
      'IndexedDB, files, sockets and tabs come in through ports, so that the simulation can hold them.',
    ),
    rule(
      'faces-never-touch-the-store',
      { path: '^apps/server/src/(aws|live)', pathNot: TESTS },
      { path: '^apps/server/src/store' },
    ),
    onlyKnows(
      'only-store-typeorm-knows-sql',
      '^apps/server/src',
      'apps/server/src/store/typeorm',
      '(typeorm|better-sqlite3|pg)',
    ),
    onlyKnows('only-stream-knows-kafka', '^(apps|libs)', 'apps/server/src/stream', 'kafkajs'),
    loadedLate('kafka-is-loaded-late', 'apps/server/src/stream', 'kafkajs', 'A server without a change stream'),
    onlyKnows('only-fanout-knows-redis', '^(apps|libs)', 'apps/server/src/fanout', '@redis'),
    loadedLate('redis-is-loaded-late', 'apps/server/src/fanout', '@redis', 'A server without a Redis'),
    rule(
      'commits-know-no-fanout',
      { path: '^apps/server/src/(datasets|live|aws|identity|store|domain)', pathNot: TESTS },
      { path: '^apps/server/src/fanout' },
      'Commits tell other nodes through a port of their own; who listens to them is put together outside.',
    ),
    rule(
      'no-nest-in-shell-and-store',
      { path: '^apps/server/src/(datasets|store|identity|runtime|fanout)', pathNot: `\\.module\\.ts$|${SPECS}` },
      { path: 'node_modules/@nestjs/' },
      'Plain classes are built by a factory, so that tests and the simulation can build them by hand.',
    ),
    rule(
      'production-never-imports-tests',
      { path: '^(apps|libs)', pathNot: '\\.(spec|contract)\\.ts$|/testing/' },
      { path: '\\.(spec|contract)\\.ts$|/testing/' },
    ),
    rule('no-unresolvable', {}, { couldNotResolve: true }),
  ],
  options: {
    doNotFollow: { path: 'node_modules|/dist/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'default', 'types'],
      extensions: ['.ts', '.js', '.json'],
    },
  },
}
