import { HttpException } from '@nestjs/common'
import { Refusal } from '../../refusal.js'

/**
 * What a thrown thing means to the caller, or null for a defect. Besides our own refusals these are the few
 * that Fastify and Nest throw themselves before a handler runs.
 */
export function refusalOf(thrown: unknown): Refusal | null {
  if (thrown instanceof Refusal) return thrown
  if (thrown instanceof HttpException) return ofStatus(thrown.getStatus())
  if (thrown instanceof Error && 'statusCode' in thrown && typeof thrown.statusCode === 'number') {
    return ofFastify(thrown as Error & { statusCode: number; code?: unknown })
  }
  return null
}

function ofFastify({ code, statusCode }: Readonly<{ code?: unknown; statusCode: number }>): Refusal | null {
  switch (code) {
    case 'FST_ERR_BAD_URL':
      return new Refusal('InvalidParameter', 'the path is not validly percent-encoded')
    case 'FST_ERR_MAX_PARAM_LENGTH':
      return new Refusal('InvalidParameter', `a part of the path is longer than ${PATH_PART_LENGTH_MAX} characters`)
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new Refusal('Serialization', 'the Content-Type header is malformed')
    default:
      return ofStatus(statusCode)
  }
}

function ofStatus(status: number): Refusal | null {
  if (status >= 500) return status === 503 ? new Refusal('ServiceUnavailable', 'the server is shutting down') : null
  if (status === 404) return new Refusal('UnknownOperation', 'no operation has this method and path')
  return new Refusal('Serialization', 'the request could not be read')
}

/** Longest part of a path that routing looks at; longest names are refused later, by name. */
export const PATH_PART_LENGTH_MAX = 1_024
