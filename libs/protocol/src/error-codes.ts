/** When a client may send the same request again. */
export type Retry = 'never' | 'after-pull' | 'after-delay' | 'after-new-credentials'

export type ErrorFacts = Readonly<{
  /** The name AWS clients know it by. */
  aws: string
  /** The name on the STS face, where AWS uses another one. */
  sts?: string
  /** HTTP status on the sync face; the identity face sends 400 for every 4xx, as AWS does. */
  status: number
  retry: Retry
}>

/** Every way a request can be refused; `docs/ERRORS.md` tells cause and remedy of each. The table is closed. */
export const errorCodes = {
  AccessDenied: { aws: 'AccessDeniedException', sts: 'AccessDenied', status: 403, retry: 'never' },
  AlreadyStreamed: { aws: 'AlreadyStreamedException', status: 400, retry: 'never' },
  ConcurrentModification: { aws: 'ConcurrentModificationException', status: 400, retry: 'after-delay' },
  DeveloperUserAlreadyRegistered: { aws: 'DeveloperUserAlreadyRegisteredException', status: 400, retry: 'never' },
  DuplicateRequest: { aws: 'DuplicateRequestException', status: 400, retry: 'never' },
  ExpiredToken: { aws: 'ExpiredTokenException', sts: 'ExpiredToken', status: 403, retry: 'after-new-credentials' },
  ExpiredWebIdentityToken: { aws: 'ExpiredTokenException', status: 400, retry: 'after-new-credentials' },
  IncompleteSignature: { aws: 'IncompleteSignatureException', sts: 'IncompleteSignature', status: 403, retry: 'never' },
  InternalError: { aws: 'InternalErrorException', sts: 'InternalFailure', status: 500, retry: 'after-delay' },
  InvalidAction: { aws: 'InvalidAction', status: 400, retry: 'never' },
  InvalidConfiguration: { aws: 'InvalidConfigurationException', status: 400, retry: 'never' },
  InvalidIdentityPoolConfiguration: { aws: 'InvalidIdentityPoolConfigurationException', status: 400, retry: 'never' },
  InvalidIdentityToken: {
    aws: 'InvalidIdentityTokenException',
    sts: 'InvalidIdentityToken',
    status: 400,
    retry: 'never',
  },
  InvalidParameter: { aws: 'InvalidParameterException', sts: 'ValidationError', status: 400, retry: 'never' },
  InvalidSignature: { aws: 'InvalidSignatureException', sts: 'SignatureDoesNotMatch', status: 403, retry: 'never' },
  LimitExceeded: { aws: 'LimitExceededException', status: 400, retry: 'never' },
  MissingAuthenticationToken: {
    aws: 'MissingAuthenticationTokenException',
    sts: 'MissingAuthenticationToken',
    status: 403,
    retry: 'never',
  },
  NotAuthorized: { aws: 'NotAuthorizedException', sts: 'AccessDenied', status: 403, retry: 'never' },
  RequestTimeout: { aws: 'RequestTimeoutException', sts: 'RequestTimeout', status: 408, retry: 'after-delay' },
  RequestTooLarge: { aws: 'RequestEntityTooLargeException', sts: 'RequestEntityTooLarge', status: 413, retry: 'never' },
  ResourceConflict: { aws: 'ResourceConflictException', status: 409, retry: 'after-pull' },
  ResourceNotFound: { aws: 'ResourceNotFoundException', status: 404, retry: 'never' },
  Serialization: { aws: 'SerializationException', sts: 'MalformedQueryString', status: 400, retry: 'never' },
  ServiceUnavailable: {
    aws: 'ServiceUnavailableException',
    sts: 'ServiceUnavailable',
    status: 503,
    retry: 'after-delay',
  },
  TooManyRequests: { aws: 'TooManyRequestsException', sts: 'Throttling', status: 429, retry: 'after-delay' },
  UnknownOperation: { aws: 'UnknownOperationException', sts: 'InvalidAction', status: 404, retry: 'never' },
  UnrecognizedClient: { aws: 'UnrecognizedClientException', sts: 'InvalidClientTokenId', status: 403, retry: 'never' },
  Validation: { aws: 'ValidationException', sts: 'ValidationError', status: 400, retry: 'never' },
} as const satisfies Record<string, ErrorFacts>

export type ErrorCode = keyof typeof errorCodes
