/** The tests run as native modules, as production does. */
const swc = [
  '@swc/jest',
  {
    jsc: {
      parser: { syntax: 'typescript', decorators: true },
      transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
      target: 'es2022',
      keepClassNames: true,
    },
    module: { type: 'es6' },
    sourceMaps: 'inline',
  },
]

/** @type {import('jest').Config} */
const common = {
  transform: { '^.+\\.ts$': swc },
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: {
    '^(\\.{1,2}/.*)\\.js$': '$1',
    '^@satchel/protocol$': '<rootDir>/libs/protocol/src/index.ts',
    '^@satchel/client$': '<rootDir>/libs/client/src/index.ts',
    '^@satchel/client/node$': '<rootDir>/libs/client/src/node.ts',
  },
  testEnvironment: 'node',
}

export default {
  reporters: ['default', '<rootDir>/test/support/closing-line-reporter.js'],
  // Real processes and a real browser, on whatever else the machine does. (Not an option of a project.)
  testTimeout: 60_000,
  // Most tests wait for processes and disks, so two at a time take little longer than one, on two cores too.
  maxWorkers: 2,
  projects: [
    {
      ...common,
      displayName: 'unit',
      roots: ['<rootDir>/libs', '<rootDir>/apps'],
      testMatch: ['**/*.spec.ts'],
      modulePathIgnorePatterns: ['/dist/'],
    },
    {
      ...common,
      displayName: 'e2e',
      roots: ['<rootDir>/test'],
      testMatch: ['**/*.spec.ts'],
      testPathIgnorePatterns: ['/node_modules/', '<rootDir>/test/browser/'],
    },
    {
      ...common,
      displayName: 'browser',
      roots: ['<rootDir>/test/browser'],
      testMatch: ['**/*.spec.ts'],
    },
  ],
}
