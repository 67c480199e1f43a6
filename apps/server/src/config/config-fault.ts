/** Why the server does not start: every fault of its settings and secrets, found together. */
export class ConfigFault extends Error {
  constructor(readonly faults: readonly string[]) {
    const count = faults.length
    super(
      [`${count} fault${count === 1 ? '' : 's'} in the settings:`, ...faults.map((fault) => `- ${fault}`)].join('\n'),
    )
    this.name = 'ConfigFault'
  }
}
