import type { Caller } from './credentials.ts'
import type { Params } from './params.ts'

/** The day, region and service for which a SigV4 key was derived, as the client named them: any region, any service. */
export interface CredentialScope {
  /** `YYYYMMDD`. */
  readonly date: string
  readonly region: string
  readonly service: string
}

/** How a request was signed. */
export interface Signature {
  readonly scheme: 'sigv4' | 'sigv4-presigned' | 'sigv2'
  /** Of SigV4. A region that is not one of ours (`undefined-PID`, `0`) means the endpoint's own. */
  readonly scope?: CredentialScope
  readonly signedAt?: Date
}

/** One call of an API: parsed, its sender verified. Nothing else ever reaches an application. */
export interface ApiRequest {
  readonly requestId: string
  /** Short name as in a SigV4 scope: `ec2`, `sts`, `iam`, `autoscaling`, `monitoring`, `elasticloadbalancing`, `ssm`. */
  readonly service: string
  readonly action: string
  /** As asked (`2016-11-15`); empty where the client gave none. */
  readonly version: string
  /** `query`: the answer is XML. `json`: the call came as `X-Amz-Target`, its input is `body`. */
  readonly protocol: 'query' | 'json'
  /** Query string, then form body, in the order sent; without Action, Version and the signature's own. Names are unique. */
  readonly params: Params
  readonly body: Buffer
  readonly caller: Caller
  readonly signature: Signature
  readonly receivedAt: Date
  readonly client: Client
}

/** Where a request came from, and under which name it reached us. */
export interface Client {
  readonly address: string
  readonly userAgent: string
  /** The Host header, port included. */
  readonly host: string
  readonly secure: boolean
}

export interface ApiResponse {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  /** Text, bytes, or bytes in parts. */
  readonly body: string | Buffer | readonly Buffer[]
}

/** What the front door serves. Throws `ApiError` for the caller's mistakes; anything else is a fault of ours. */
export interface Application {
  handle(request: ApiRequest, abort: AbortSignal): Promise<ApiResponse>
}
