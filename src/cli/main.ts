/** One invocation of a command: parse, ask, print. */
import { messageOf } from '../base/fault.ts'
import { type CommonOptions, parseArguments } from './arguments.ts'
import type { Ask, Command, Files, Workplace } from './command.ts'
import { commandsByName, prefixes } from './commands/index.ts'
import { failureText } from './failure.ts'
import { type Line, recordText } from './lines.ts'
import type { Objects } from './objects.ts'
import { UsageError } from './params.ts'
import { progressBar } from './progress-bar.ts'
import { type Environment, type Profile, type Target, targetOf } from './target.ts'
import { help, usage } from './usage.ts'

/** All that a command knows of the machine it runs on. */
export interface Outside {
  readonly env: Environment
  readonly version: string
  readonly files: Files & {
    /** Makes a file that only its owner may read. */
    writeSecret(path: string, text: string): Promise<void>
  }
  /** The profile of the cloud on this machine, if there is one. */
  profile(): Promise<Profile | undefined>
  connect(target: Target, debug?: (text: string) => void): Promise<Ask>
  /** The object store at this address. */
  objects(endpoint: string, target: Target): Objects
  /** Whether standard error is a terminal. */
  readonly isTerminal: boolean
  out(text: string): void
  err(text: string): void
}

const ok = 0
const failed = 1
const misused = 2

/** Runs `invokedAs` (`ec2-run-instances`); the exit status. */
export async function main(invokedAs: string, args: readonly string[], outside: Outside): Promise<number> {
  const command = commandsByName.get(withoutPrefix(invokedAs))
  if (!command) {
    outside.err(`${invokedAs}: error: there is no such command; there are ${[...commandsByName.keys()].join(', ')}\n`)
    return misused
  }
  try {
    return await run(invokedAs, command, args, outside)
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    outside.err(`${usage(invokedAs, command)}${invokedAs}: error: ${error.message}\n`)
    return misused
  }
}

async function run(invokedAs: string, command: Command, args: readonly string[], outside: Outside): Promise<number> {
  const { options, common } = parseArguments(command, args)
  if (common.help) return print(outside, help(invokedAs, command))
  if (common.version) return print(outside, `cumulet ${outside.version} (as euca2ools 3.4)\n`)
  let target: Target | undefined
  try {
    const inputs = await command.request(options, outside.files)
    const profile = await outside.profile()
    if (command.work) {
      const lines = await command.work(options, workplace(outside, common, profile))
      return await printLines(invokedAs, lines, common, outside)
    }
    target = targetOf(common, outside.env, profile)
    const ask = await outside.connect(target, common.debug ? (text) => outside.err(`${text}\n`) : undefined)
    const outputs = []
    for (const input of inputs) outputs.push(...(await ask(command.operation(options), input)))
    return await printLines(invokedAs, command.render(outputs, options), common, outside)
  } catch (error) {
    if (error instanceof UsageError) throw error
    outside.err(`${invokedAs}: ${failureText(error, target?.endpoint)}\n`)
    return failed
  }
}

function workplace(outside: Outside, common: CommonOptions, local: Profile | undefined): Workplace {
  const { env, files } = outside
  return {
    ...{ env, files, local },
    ask: () => outside.connect(targetOf(common, env, local)),
    objects() {
      const target = targetOf(common, env, local)
      const own = env['S3_URL'] || env['AWS_ENDPOINT_URL_S3'] || env['AWS_ENDPOINT_URL'] || target.endpoint
      return outside.objects(own, target)
    },
    progress: (name) => progressBar(name, outside.err, outside.isTerminal),
  }
}

async function printLines(
  invokedAs: string,
  lines: readonly Line[],
  { showEmptyFields }: CommonOptions,
  outside: Outside,
): Promise<number> {
  let status = ok
  for (const line of lines) {
    if (typeof line === 'string') outside.out(`${line.replace(/\n$/, '')}\n`)
    else if ('file' in line) status = await save(invokedAs, line, outside)
    else outside.out(`${recordText(line, { showEmpty: showEmptyFields })}\n`)
  }
  return status
}

/** A secret is given once: where the file can't be written it is printed rather than lost. */
async function save(
  invokedAs: string,
  { file, text }: { file: string; text: string },
  outside: Outside,
): Promise<number> {
  const whole = `${text.replace(/\n$/, '')}\n`
  try {
    await outside.files.writeSecret(file, whole)
    return ok
  } catch (error) {
    outside.out(whole)
    outside.err(`${invokedAs}: error: the text above could not be saved: ${messageOf(error)}\n`)
    return failed
  }
}

function print({ out }: Outside, text: string): number {
  out(text)
  return ok
}

function withoutPrefix(name: string): string {
  return name.slice(prefixes.find((it) => name.startsWith(it))?.length ?? 0)
}
