import { ApiError, type ErrorCode } from '../model/errors.ts'

/** Why a signature is not accepted. */
export type Doubt =
  | { readonly kind: 'missing' }
  | { readonly kind: 'malformed'; readonly why: string }
  | { readonly kind: 'unknown-key' }
  | { readonly kind: 'wrong-signature' }
  | { readonly kind: 'out-of-time'; readonly message: string; readonly timestamp?: string }
  | { readonly kind: 'key-expired' }

/**
 * The error that `service` itself gives for this doubt. The reason is the error's `cause`, for the log alone.
 *
 * EC2 says AuthFailure to an unknown key and to a wrong SigV4 signature alike, SignatureDoesNotMatch to a wrong SigV2 one,
 * and asks for AWSAccessKeyId where there is no signature at all. Source: EC2 API Reference, "Error codes"; answers recorded
 * in aws/aws-cli issues 134 (SigV2) and 1948 (SigV4), and Akka Management's documentation of AWS discovery (no signature).
 * The other services have codes of their own. Source: IAM and STS API References, "Common errors"; IAM User Guide,
 * "Troubleshoot signed requests for AWS APIs".
 * Guess: a SigV4 date out of the window is RequestExpired in EC2, as its reference says; recorded answers also show
 * AuthFailure there (boto/boto3 issue 3321), which tells a person less.
 */
export function refuseSignature(service: string, scheme: 'sigv4' | 'sigv2', doubt: Doubt): never {
  const [code, args] = service === 'ec2' ? ofEc2(scheme, doubt) : ofOthers(scheme, doubt)
  const error = new ApiError(code, args)
  error.cause = new Error('why' in doubt ? `${doubt.kind}: ${doubt.why}` : doubt.kind)
  throw error
}

type Refusal = readonly [ErrorCode, Readonly<Record<string, string>>]

const mismatch =
  'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key ' +
  'and signing method. Consult the service documentation for details.'

function ofEc2(scheme: 'sigv4' | 'sigv2', doubt: Doubt): Refusal {
  switch (doubt.kind) {
    case 'missing':
      return ['MissingParameter', { parameter: 'AWSAccessKeyId' }]
    case 'out-of-time':
      return expired(doubt.timestamp)
    case 'key-expired':
      return ['RequestExpired', {}]
    case 'wrong-signature':
      return scheme === 'sigv2' ? ['SignatureDoesNotMatch', { message: mismatch }] : ['AuthFailure', {}]
    case 'malformed':
    case 'unknown-key':
      return ['AuthFailure', {}]
  }
}

function ofOthers(scheme: 'sigv4' | 'sigv2', doubt: Doubt): Refusal {
  switch (doubt.kind) {
    case 'missing':
      return ['MissingAuthenticationToken', {}]
    case 'malformed':
      return ['IncompleteSignature', { why: doubt.why }]
    case 'unknown-key':
      return ['InvalidClientTokenId', {}]
    case 'wrong-signature':
      return ['SignatureDoesNotMatch', { message: mismatch }]
    case 'out-of-time':
      return scheme === 'sigv2' ? expired(doubt.timestamp) : ['SignatureDoesNotMatch', { message: doubt.message }]
    case 'key-expired':
      return ['ExpiredToken', {}]
  }
}

function expired(timestamp: string | undefined): Refusal {
  return ['RequestExpired', timestamp === undefined ? {} : { timestamp }]
}
