import { escapeXml, STS_NAMESPACE } from '../http/error-answer.js'

/** Elements by name; names are ours, texts are escaped. */
export interface Xml {
  readonly [name: string]: string | Xml
}

/** A successful answer of an STS operation. */
export const stsAnswer = (operation: string, result: Xml, requestId: string): string =>
  `<${operation}Response xmlns="${STS_NAMESPACE}"><${operation}Result>${elements(result)}</${operation}Result>` +
  `<ResponseMetadata><RequestId>${escapeXml(requestId)}</RequestId></ResponseMetadata></${operation}Response>`

const elements = (members: Xml): string =>
  Object.entries(members)
    .map(([name, held]) => `<${name}>${typeof held === 'string' ? escapeXml(held) : elements(held)}</${name}>`)
    .join('')
