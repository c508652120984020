/**
 * Every error that a caller can see: its code, HTTP status and message.
 * Source: EC2 API Reference, "Error codes for the Amazon EC2 API", and answers recorded in public issue trackers.
 */
type Args = Readonly<Record<string, string | number>>
type Entry = { readonly status: number; readonly message: (args: Args) => string }

const caller = (message: (args: Args) => string): Entry => ({ status: 400, message })
const denied = (status: number, message: (args: Args) => string): Entry => ({ status, message })
/** An error whose text the refusing place knows best. */
const told = caller(({ message }) => String(message))

export const errors = {
  // The front door.
  AuthFailure: denied(401, ({ message }) =>
    String(message ?? 'AWS was not able to validate the provided access credentials'),
  ),
  SignatureDoesNotMatch: denied(403, ({ message }) => String(message)),
  RequestExpired: caller(() => 'Request has expired.'),
  UnauthorizedOperation: denied(403, () => 'You are not authorized to perform this operation.'),
  MissingAuthenticationToken: denied(403, () => 'Request is missing Authentication Token'),
  InvalidAction: caller(
    ({ action, version }) =>
      `The action ${action} is not valid for this web service.${version ? ` Version: ${version}` : ''}`,
  ),
  MissingAction: caller(() => 'No action was supplied with this request.'),
  NoSuchVersion: caller(({ version }) => `The requested version (${version}) is not valid.`),
  UnsupportedOperation: told,
  DryRunOperation: denied(412, () => 'Request would have succeeded, but DryRun flag is set.'),
  RequestLimitExceeded: denied(503, () => 'Request limit exceeded.'),
  RequestEntityTooLarge: denied(413, ({ limit }) => `The request is larger than ${limit} bytes.`),
  InternalError: denied(500, () => 'An internal error has occurred.'),

  // Parameters.
  MissingParameter: caller(({ parameter, message }) =>
    String(message ?? `The request must contain the parameter ${parameter}`),
  ),
  UnknownParameter: caller(({ parameter }) => `The parameter ${parameter} is not recognized`),
  InvalidParameter: told,
  InvalidParameterValue: told,
  InvalidParameterCombination: told,
  IdempotentParameterMismatch: caller(
    () => 'The same client token was used in an earlier request with other parameters.',
  ),
  IdempotentInstanceTerminated: caller(
    ({ ids }) => `The client token belongs to instances that have been terminated: ${ids}`,
  ),
  InvalidNextToken: caller(() => 'The token is not valid.'),
  FilterLimitExceeded: told,
} as const satisfies Record<string, Entry>

export type ErrorCode = keyof typeof errors

/** What the caller did wrong, as the caller will read it. */
export class ApiError extends Error {
  readonly code: ErrorCode
  readonly status: number

  constructor(code: ErrorCode, args: Args) {
    const entry: Entry = errors[code]
    super(entry.message(args))
    this.name = 'ApiError'
    this.code = code
    this.status = entry.status
  }
}

/** Refuses the request: throws the `ApiError` of this code. */
export function refuse(code: ErrorCode, args: Args = {}): never {
  throw new ApiError(code, args)
}
