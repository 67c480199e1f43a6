/**
 * Takes from an AWS API model (Smithy 2.0 JSON AST, as published in github.com/aws/api-models-aws under the Apache
 * License 2.0) what the model-driven tests need: operations, where they are bound to, their input members and the
 * constraints of those. Documentation and everything else stays behind.
 *
 *   node test/support/extract-model.js <model.json> <version of the source> [<operation> …]
 *
 * Prints JSON, for test/e2e/model/. Without operations named, takes all.
 */
import { readFileSync } from 'node:fs'
import { format } from 'prettier'

const [file, sourceVersion, ...wanted] = process.argv.slice(2)
if (file === undefined || sourceVersion === undefined) {
  process.stderr.write('usage: extract-model.js <model.json> <version of the source> [<operation> …]\n')
  process.exit(2)
}

const { shapes } = JSON.parse(readFileSync(file, 'utf8'))
const nameOf = (id) => id.slice(id.indexOf('#') + 1)
const trait = (traits, name) => traits?.[`smithy.api#${name}`]

const PRELUDE = {
  String: 'string',
  Integer: 'integer',
  Long: 'long',
  Boolean: 'boolean',
  Timestamp: 'timestamp',
  Double: 'double',
}

function shapeOf(id) {
  if (id.startsWith('smithy.api#')) return { type: PRELUDE[nameOf(id).replace('Primitive', '')] ?? nameOf(id) }
  const shape = shapes[id]
  const constraints = constraintsOf(shape.traits)
  switch (shape.type) {
    case 'enum':
      return { type: 'string', enum: Object.values(shape.members).map((member) => trait(member.traits, 'enumValue')) }
    case 'list':
      return { type: 'list', ...constraints, member: shapeOf(shape.member.target) }
    case 'map':
      return { type: 'map', ...constraints, key: shapeOf(shape.key.target), value: shapeOf(shape.value.target) }
    case 'structure':
      return { type: 'structure', members: membersOf(shape) }
    default:
      return { type: shape.type, ...constraints }
  }
}

function constraintsOf(traits) {
  const { min, max } = trait(traits, 'length') ?? {}
  const range = trait(traits, 'range')
  const pattern = trait(traits, 'pattern')
  const constraints = { minLength: min, maxLength: max, min: range?.min, max: range?.max, pattern }
  return Object.fromEntries(Object.entries(constraints).filter(([, value]) => value !== undefined))
}

const membersOf = (shape) =>
  Object.fromEntries(
    Object.entries(shape.members).map(([name, { target, traits }]) => [
      name,
      {
        ...(trait(traits, 'required') === undefined ? {} : { required: true }),
        ...placeOf(traits),
        ...shapeOf(target),
        ...constraintsOf(traits),
      },
    ]),
  )

function placeOf(traits) {
  if (trait(traits, 'httpLabel') !== undefined) return { in: 'path' }
  const query = trait(traits, 'httpQuery')
  if (query !== undefined) return { in: 'query', as: query }
  const header = trait(traits, 'httpHeader')
  return header === undefined ? {} : { in: 'header', as: header }
}

const operations = Object.entries(shapes)
  .filter(([id, { type }]) => type === 'operation' && (wanted.length === 0 || wanted.includes(nameOf(id))))
  .map(([id, { input, traits }]) => {
    const http = trait(traits, 'http')
    return [
      nameOf(id),
      {
        ...(http === undefined ? {} : { method: http.method, uri: http.uri }),
        signed: trait(traits, 'optionalAuth') === undefined,
        input: membersOf(shapes[input.target]),
      },
    ]
  })
  .sort(([a], [b]) => (a < b ? -1 : 1))

const missing = wanted.filter((name) => !operations.some(([found]) => found === name))
if (missing.length > 0) {
  process.stderr.write(`${file} has no operation ${missing.join(', ')}\n`)
  process.exit(1)
}

const extract = {
  source: `github.com/aws/api-models-aws, ${sourceVersion}; Copyright Amazon.com, Inc. or its affiliates. All Rights Reserved.`,
  licence: 'Apache-2.0; an extract made by test/support/extract-model.js, not to be edited by hand',
  operations: Object.fromEntries(operations),
}
process.stdout.write(await format(JSON.stringify(extract, null, 2), { parser: 'json', printWidth: 120 }))
