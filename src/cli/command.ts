/** What one command is: an entry of the table in `commands/`. */
import type { Line } from './lines.ts'
import type { Objects } from './objects.ts'
import type { Options, Params } from './params.ts'
import type { Progress } from './progress-bar.ts'

type Ec2 = typeof import('@aws-sdk/client-ec2')
type CommandName = Extract<keyof Ec2, `${string}Command`>

/** Every operation of EC2 that the official client knows. */
export type Operation = Exclude<CommandName extends `${infer Name}Command` ? Name : never, '$'>
type Sdk<N extends Operation> = Ec2[Extract<`${N}Command`, keyof Ec2>] extends new (
  ...args: infer _
) => infer Command
  ? Command
  : never
export type Input<N extends Operation> = Sdk<N> extends { readonly input: infer I } ? I : never
export type Output<N extends Operation> =
  Sdk<N> extends {
    resolveMiddleware(...args: infer _): (...args: infer __) => Promise<{ output: infer O }>
  }
    ? Omit<O & object, '$metadata'>
    : never

/** The files of the machine that a command may read. */
export interface Files {
  /** The content of a file; `-` is standard input. */
  read(path: string): Promise<Buffer>
  isFile(path: string): Promise<boolean>
}

/** Sends a request and gives its answers: more than one where EC2 answers page by page. */
export type Ask = (operation: Operation, input: object) => Promise<unknown[]>

/** What a command that works on this machine's files has at hand. */
export interface Workplace {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly files: Files
  /** The account of the cloud on this machine, and where its keys are. */
  readonly local: { readonly account: string } | undefined
  /** The object store; opened when it is first asked for. */
  objects(): Objects
  /** Operations of EC2, at the target of the command. */
  ask(): Promise<Ask>
  progress(name: string): Progress
}

interface Definition<P extends Params, N extends Operation> {
  /** Without `euca-` or `ec2-`. */
  readonly name: string
  /** Names of the same command in older tools. */
  readonly aliases?: readonly string[]
  readonly summary: string
  readonly params: P
  /** Sets of params of which at most one may be given. */
  readonly exclusive?: readonly (readonly (keyof P & string)[])[]
  /** Params of which exactly one has to be given. */
  readonly oneOf?: readonly (keyof P & string)[]
  readonly operation: N
  /** Another operation of the same input and answer that some options mean. */
  operationFor?(options: Options<P>): Operation
  /** What is asked; a list is asked one after the other. May throw `UsageError`. */
  request(options: Options<P>, files: Files): Input<N> | readonly Input<N>[] | Promise<Input<N>>
  /** The answers as lines. */
  render(outputs: readonly Output<N>[], options: Options<P>): readonly Line[]
}

export interface Command {
  readonly name: string
  readonly aliases: readonly string[]
  readonly summary: string
  readonly params: Params
  readonly exclusive: readonly (readonly string[])[]
  readonly oneOf: readonly string[]
  operation(options: Options<Params>): Operation
  /** The inputs of the requests that these options mean. */
  request(options: Options<Params>, files: Files): Promise<readonly object[]>
  render(outputs: readonly unknown[], options: Options<Params>): readonly Line[]
  /** Of a command that asks no operation of EC2: does its work, and gives its lines. */
  work?(options: Options<Params>, at: Workplace): Promise<readonly Line[]>
}

type Working<P extends Params> = Pick<
  Definition<P, Operation>,
  'name' | 'summary' | 'params' | 'exclusive' | 'oneOf'
> & {
  work(options: Options<P>, at: Workplace): Promise<readonly Line[]>
}

/** An entry of the table that works on files and objects. */
export function workingCommand<const P extends Params>(definition: Working<P>): Command {
  const { name, summary, params, exclusive = [], oneOf = [] } = definition
  return {
    ...{ name, aliases: [], summary, params, exclusive, oneOf },
    operation: () => 'DescribeRegions', // Never asked.
    request: async () => [],
    render: () => [],
    work: (options, at) => definition.work(options as Options<P>, at),
  }
}

/** An entry of the table: typed by its params and its operation inside, alike outside. */
export function command<const P extends Params, N extends Operation>(definition: Definition<P, N>): Command {
  const { name, aliases = [], summary, params, exclusive = [], oneOf = [] } = definition
  return {
    ...{ name, aliases, summary, params, exclusive, oneOf },
    operation: (options) => definition.operationFor?.(options as Options<P>) ?? definition.operation,
    async request(options, files) {
      const inputs = await definition.request(options as Options<P>, files)
      return Array.isArray(inputs) ? inputs : [inputs as object]
    },
    render: (outputs, options) => definition.render(outputs as Output<N>[], options as Options<P>),
  }
}
