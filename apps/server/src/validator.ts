import { createRequire } from 'node:module'
import type * as ClassValidator from 'class-validator'

const require = createRequire(import.meta.url)

/*
 * What is used of class-validator, by its files: its index brings every ready-made check, and with them a library of
 * telephone numbers, which makes 300 files more at every start.
 */

export const { getMetadataStorage } =
  require('class-validator/cjs/metadata/MetadataStorage.js') as typeof ClassValidator
export const { registerDecorator } = require('class-validator/cjs/register-decorator.js') as typeof ClassValidator
export const { Validator } = require('class-validator/cjs/validation/Validator.js') as typeof ClassValidator
