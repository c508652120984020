/**
 * Types of the inputs and outputs of operations, from the official client's types; nothing of it is loaded.
 * An action is `run(input: Input<'RunInstances'>): Promise<Output<'RunInstances'>>`.
 */
import type { EucalyptusInput, EucalyptusOutput } from './model/eucalyptus.ts'

type Ec2 = typeof import('@aws-sdk/client-ec2')
type Sts = typeof import('@aws-sdk/client-sts')

type Names<Client> = keyof Client extends infer Key ? (Key extends `${infer Name}Command` ? Name : never) : never

/** Every operation of EC2. */
export type OperationName = Exclude<Names<Ec2>, '$'>
/** Every operation of STS. */
export type StsOperationName = Exclude<Names<Sts>, '$'>

/** What the decoder gives for EC2's operation `N`. Enumerations are not checked: a caller may send any text there. */
export type Input<N extends OperationName> = Present<InputOf<CommandOf<Ec2, N>>> & Extra<EucalyptusInput, N>
/** What an action answers to EC2's operation `N`. Enumerations take any text: rows hold text, not the SDK's unions. */
export type Output<N extends OperationName> = Open<Omit<OutputOf<CommandOf<Ec2, N>>, '$metadata'>> &
  Extra<EucalyptusOutput, N>
export type StsInput<N extends StsOperationName> = Present<InputOf<CommandOf<Sts, N>>>
export type StsOutput<N extends StsOperationName> = Open<Omit<OutputOf<CommandOf<Sts, N>>, '$metadata'>>

type CommandOf<Client, N extends string> = Client[Extract<`${N}Command`, keyof Client>] extends new (
  ...args: infer _
) => infer Command
  ? Command
  : never
type InputOf<Command> = Command extends { readonly input: infer I } ? I : never
type OutputOf<Command> = Command extends {
  resolveMiddleware(...args: infer _): (...args: infer __) => Promise<{ output: infer O }>
}
  ? O
  : never

type Extra<Members, N> = N extends keyof Members ? Members[N] : unknown

type Atom = string | number | boolean | Date | Uint8Array | undefined

/** Members that the model requires are there: the SDK's types let each be undefined. */
type Present<T> = T extends Atom
  ? T
  : T extends readonly (infer Item)[]
    ? Present<Item>[]
    : { [K in keyof T]: object extends Pick<T, K> ? Present<T[K]> : Present<Exclude<T[K], undefined>> }

/** Any text where the SDK has a union of texts; lists may be readonly. */
type Open<T> = T extends string
  ? string
  : T extends Atom
    ? T
    : T extends readonly (infer Item)[]
      ? readonly Open<Item>[]
      : { [K in keyof T]: Open<T[K]> }
