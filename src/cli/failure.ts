/** What a command says when it fails. Source: euca2ools 3.4: `euca-NAME: error (CODE): MESSAGE`. */
import { STATUS_CODES } from 'node:http'
import { Fault, messageOf, systemCode } from '../base/fault.ts'

/** An error that the official client makes of a service's answer. */
interface ServiceError extends Error {
  readonly $metadata: { readonly httpStatusCode?: number }
}

export function failureText(thrown: unknown, endpoint: string | undefined): string {
  if (isServiceError(thrown)) return serviceFailure(thrown)
  const network = networkError(thrown)
  if (network !== undefined) return `error: cannot reach ${endpoint}: ${network}`
  if (thrown instanceof Fault || systemCode(thrown) !== undefined) return `error: ${messageOf(thrown)}`
  throw thrown
}

/** What the client calls an error in whose body it found no code. */
const nameless = new Set(['Unknown', 'NotFound', 'Error', 'SyntaxError', 'TypeError'])

/** The error's own code and message; the HTTP status and its name where the body was no XML. */
function serviceFailure({ name, message, $metadata }: ServiceError): string {
  const status = $metadata.httpStatusCode ?? 0
  return nameless.has(name) ? `error (${status}): ${STATUS_CODES[status] ?? 'unknown'}` : `error (${name}): ${message}`
}

function isServiceError(thrown: unknown): thrown is ServiceError {
  return (
    thrown instanceof Error && '$metadata' in thrown && (thrown as ServiceError).$metadata.httpStatusCode !== undefined
  )
}

/** `ECONNREFUSED` and its kin; Node.js gives one error for each address that was tried. */
function networkError(thrown: unknown): string | undefined {
  const errors = thrown instanceof AggregateError ? thrown.errors : [thrown]
  const code = errors
    .map(systemCode)
    .find(
      (it) =>
        it !== undefined &&
        /^(?:E(?:CONN|HOST|NET|AI_|PIPE|TIMEDOUT|PROTO)|ENOTFOUND|EADDR|UND_|ERR_SSL|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|CERT_)/.test(
          it,
        ),
    )
  return code ?? (thrown instanceof Error && thrown.name === 'TimeoutError' ? 'no answer' : undefined)
}
