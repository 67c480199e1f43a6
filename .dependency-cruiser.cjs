/** Who may import whom; ARCHITECTURE.md says why. */
module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'protocol-stands-alone',
      severity: 'error',
      from: { path: '^libs/protocol/src', pathNot: '\\.spec\\.ts$' },
      to: { pathNot: '^libs/protocol/src' },
    },
    {
      name: 'domain-is-pure',
      comment: 'The core imports the protocol and itself: no framework, driver, clock or chance.',
      severity: 'error',
      from: { path: '^apps/server/src/domain', pathNot: '\\.spec\\.ts$' },
      to: { pathNot: ['^apps/server/src/domain', '^libs/protocol'] },
    },
    {
      name: 'merge-is-pure',
      comment: "The client's core decides over plain data: no storage, network, clock or chance.",
      severity: 'error',
      from: { path: '^libs/client/src/merge', pathNot: '\\.spec\\.ts$' },
      to: { pathNot: ['^libs/client/src/(merge|journal/entry|replica/replica)', '^libs/protocol'] },
    },
    {
      name: 'client-core-knows-no-platform',
      comment: 'IndexedDB, files, sockets and tabs come in through ports, so that the simulation can hold them.',
      severity: 'error',
      from: { path: '^libs/client/src/(replica|local|session)', pathNot: '\\.spec\\.ts$|/testing/' },
      to: { path: '^node:|node_modules/(socket\\.io-client)|^libs/client/src/platform/(browser|node)' },
    },
    {
      name: 'faces-never-touch-the-store',
      severity: 'error',
      from: { path: '^apps/server/src/(aws|live)', pathNot: '\\.spec\\.ts$|/testing/' },
      to: { path: '^apps/server/src/store' },
    },
    {
      name: 'only-store-typeorm-knows-sql',
      severity: 'error',
      from: { path: '^apps/server/src', pathNot: '^apps/server/src/store/typeorm|\\.spec\\.ts$' },
      to: { path: 'node_modules/(typeorm|better-sqlite3|pg)/' },
    },
    {
      name: 'only-stream-knows-kafka',
      severity: 'error',
      from: { path: '^(apps|libs)', pathNot: '^apps/server/src/stream|\\.spec\\.ts$' },
      to: { path: 'node_modules/kafkajs/' },
    },
    {
      name: 'kafka-is-loaded-late',
      comment: 'A server without a change stream starts without the client library.',
      severity: 'error',
      from: { path: '^apps/server/src/stream', pathNot: '\\.spec\\.ts$|/testing/' },
      to: { path: 'node_modules/kafkajs/', dependencyTypesNot: ['type-only', 'dynamic-import'] },
    },
    {
      name: 'no-nest-in-shell-and-store',
      comment: 'Plain classes are built by a factory, so that tests and the simulation can build them by hand.',
      severity: 'error',
      from: { path: '^apps/server/src/(datasets|store|identity|runtime)', pathNot: '\\.module\\.ts$|\\.spec\\.ts$' },
      to: { path: 'node_modules/@nestjs/' },
    },
    {
      name: 'production-never-imports-tests',
      severity: 'error',
      from: { path: '^(apps|libs)', pathNot: '\\.(spec|contract)\\.ts$|/testing/' },
      to: { path: '\\.(spec|contract)\\.ts$|/testing/' },
    },
    { name: 'no-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
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
