/** Requests to EC2 by the official client, which is loaded only when there is something to ask: loading it takes most of a command's time. */
import type { EC2Client, EC2ClientConfig } from '@aws-sdk/client-ec2'
import { Fault } from '../base/fault.ts'
import type { Ask, Operation } from './command.ts'
import type { Target } from './target.ts'

export interface ClientOptions {
  readonly requestHandler?: NonNullable<EC2ClientConfig['requestHandler']>
  /** Where `--debug` tells of requests and answers. */
  readonly debug?: (text: string) => void
}

/** What an answer of the client may have. */
interface Answer {
  readonly NextToken?: string
}

/** Asks `target`. An answer that comes in pages is asked for to its end. */
export async function connect(target: Target, options: ClientOptions = {}): Promise<Ask> {
  const sdk = await import('@aws-sdk/client-ec2')
  return async (operation, input) => {
    const client = new sdk.EC2Client(configOf(target, operation, options))
    watch(client, input, options.debug)
    const Command = commandClass(sdk, operation)
    const send = async (page: object): Promise<Answer> => (await client.send(new Command(page))) as Answer
    try {
      return await allPages(send, input)
    } finally {
      client.destroy()
    }
  }
}

async function allPages(send: (input: object) => Promise<Answer>, input: object): Promise<Answer[]> {
  const answers = [await send(input)]
  for (let token = answers[0]?.NextToken; token; ) {
    const answer = await send({ ...input, NextToken: token })
    if (answer.NextToken === token) throw new Fault('the server gives the same page again and again')
    answers.push(answer)
    token = answer.NextToken
  }
  return answers
}

/** Only questions are repeated when an answer is lost: a change may have happened. */
function configOf(
  { endpoint, region, keys }: Target,
  operation: Operation,
  { requestHandler }: ClientOptions,
): EC2ClientConfig {
  return {
    endpoint,
    region,
    maxAttempts: /^(?:Describe|Get)/.test(operation) ? 3 : 1,
    ...('awsProfile' in keys ? { profile: keys.awsProfile } : { credentials: keys }),
    ...(requestHandler && { requestHandler }),
  }
}

type Sdk = typeof import('@aws-sdk/client-ec2')
type AnyCommand = new (input: object) => Parameters<EC2Client['send']>[0]

function commandClass(sdk: Sdk, operation: Operation): AnyCommand {
  return sdk[`${operation}Command` as keyof Sdk] as AnyCommand // every operation has its command
}

/** The client invents a client token where none was given; euca2ools does not, and `INSTANCE` lines show it. */
function watch(client: EC2Client, input: object, debug?: (text: string) => void): void {
  client.middlewareStack.add(
    (next) => (args) => {
      const request = args.request as { body?: unknown }
      if (typeof request.body === 'string' && !('ClientToken' in input))
        request.body = request.body.replace(/&ClientToken=[^&]*/, '')
      return next(args)
    },
    { name: 'noInventedToken', step: 'build', priority: 'high' },
  )
  if (debug) client.middlewareStack.add(tell(debug), { name: 'tell', step: 'deserialize', priority: 'low' })
}

type Middleware = Parameters<EC2Client['middlewareStack']['add']>[0]

/** Tells of each request as it is signed, and of the answer. The secret key is in neither. */
function tell(debug: (text: string) => void): Middleware {
  return ((next: (args: { request: unknown }) => Promise<{ response: unknown }>) =>
    async (args: { request: unknown }) => {
      const { method, protocol, hostname, port, path, headers, body } = args.request as Sent
      debug(
        `${method} ${protocol}//${hostname}${port ? `:${port}` : ''}${path}\n${headerLines(headers)}\n${body ?? ''}`,
      )
      const result = await next(args)
      const response = result.response as Received
      const content = await collect(response.body)
      debug(`${response.statusCode}\n${headerLines(response.headers)}\n${content.toString()}`)
      const { Readable } = await import('node:stream')
      response.body = Readable.from([content])
      return result
    }) as unknown as Middleware // the stack's own types are those of a general middleware; in this step there are requests and answers
}

interface Sent {
  readonly method: string
  readonly protocol: string
  readonly hostname: string
  readonly port?: number
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

interface Received {
  readonly statusCode: number
  readonly headers: Readonly<Record<string, string>>
  body: AsyncIterable<Uint8Array>
}

function headerLines(headers: Readonly<Record<string, string>>): string {
  return Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\n`)
    .join('')
}

async function collect(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(body))
}
