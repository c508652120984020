/** A whole cloud for a test: its own data directory, name and port; gone afterwards, whatever happened. */
import { type ChildProcess, spawn } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { hex, systemRandom } from '../../src/base/random.ts'
import { run, SubprocessError } from '../../src/base/subprocess.ts'
import { imageIdOf } from '../../src/bin/control/image-offers.ts'
import { runningProcess } from '../../src/bin/running.ts'
import { buildTinyImage, tinyRecipe } from '../../src/images/tiny.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const program = join(root, 'src/bin/cumulet.ts')
export const cache = join(root, '.cache')
/** Of clouds' folders, by which `npm test` finds what is left when it is cut off. */
const prefix = process.env['CUMULET_TEST_CLOUDS'] ?? 'cumulet-e2e-'

export interface Profile {
  readonly endpoint: string
  readonly region: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly account: string
}

export class TestCloud implements AsyncDisposable {
  readonly name = `t${hex(systemRandom, 6)}`
  readonly data: string
  readonly #port: number
  readonly #options: readonly string[]
  #up: ChildProcess | undefined
  output = ''

  private constructor(data: string, port: number, options: readonly string[]) {
    this.data = data
    this.#port = port
    this.#options = options
  }

  /** A cloud that has come up. `options` go to `cumulet up`. */
  static async start(options: readonly string[] = []): Promise<TestCloud> {
    const cloud = new TestCloud(await mkdtemp(join(tmpdir(), prefix)), await freePort(), options)
    try {
      if (!options.includes('fake')) await cloud.#takeImage()
      await cloud.up()
      return cloud
    } catch (error) {
      await cloud[Symbol.asyncDispose]()
      throw error
    }
  }

  /** Starts the control plane and waits until it says that it serves. */
  async up(): Promise<void> {
    const args = [
      '--no-warnings',
      program,
      '--data',
      this.data,
      'up',
      '--name',
      this.name,
      '--no-machine-link',
      ...(this.#options.includes('--dns-port') ? [] : ['--dns-port', 'off']),
      ...(this.#options.includes('--resolver') ? [] : ['--resolver', 'off']),
      '--port',
      String(this.#port),
    ]
    const child = spawn(process.execPath, [...args, ...this.#options], { stdio: ['ignore', 'pipe', 'pipe'] })
    this.#up = child
    this.output = ''
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const hear = (chunk: Buffer) => {
      this.output += chunk.toString()
      if (this.output.includes('Cumulet serves')) resolve()
    }
    child.stdout.on('data', hear)
    child.stderr.on('data', hear)
    child.once('exit', (code) => reject(new Error(`cumulet up ended with ${code}:\n${this.output}`)))
    await promise
  }

  get controlPid(): number {
    return this.#up!.pid! // after up()
  }

  /** The agent that lives now: one that was killed a moment ago has a successor soon. */
  async agentPid(): Promise<number> {
    return (await eventually(() => runningProcess(join(this.data, 'run/agent.json')))).pid
  }

  /** Ends the control plane with `signal` and waits until it is gone. */
  async end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#up
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const gone = new Promise((resolve) => child.once('exit', resolve))
    child.kill(signal)
    await gone
  }

  async profile(): Promise<Profile> {
    return JSON.parse(await readFile(join(this.data, 'profile.json'), 'utf8')) as Profile
  }

  /** Runs the stock AWS CLI; its answer, parsed. */
  async aws(...args: string[]): Promise<Record<string, unknown>> {
    const text = await this.awsText(...args)
    return text.trim() === '' ? {} : (JSON.parse(text) as Record<string, unknown>)
  }

  async awsText(...args: string[]): Promise<string> {
    const { endpoint, region, accessKeyId, secretAccessKey } = await this.profile()
    const env = {
      PATH: '/usr/bin:/bin',
      HOME: this.data,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      AWS_DEFAULT_REGION: region,
      AWS_PAGER: '',
      AWS_EC2_METADATA_DISABLED: 'true',
    }
    return run('/usr/bin/aws', ['--endpoint-url', endpoint, ...args], { env, timeoutMs: 120_000 })
  }

  /** One of the images that every cloud has. There are several, and their ids follow no order. */
  async image(name: 'cumulet-tiny' | 'cumulet-tiny-ebs' = 'cumulet-tiny'): Promise<string> {
    const named = ['--filters', `Name=name,Values=${name}`, '--query', 'Images[].ImageId', '--output', 'text']
    return (await this.awsText('ec2', 'describe-images', ...named)).trim()
  }

  /** The refusal that the AWS CLI prints for these arguments. */
  async awsRefusal(...args: string[]): Promise<string> {
    try {
      await this.awsText(...args)
    } catch (error) {
      if (error instanceof SubprocessError) return error.stderr
      throw error
    }
    throw new Error(`aws ${args.join(' ')} was not refused`)
  }

  /** Runs a command on the internet's side of the edge. */
  outside(command: string, args: readonly string[], timeoutMs = 30_000): Promise<string> {
    return run('nsenter', [`--net=/run/netns/${this.name}-internet`, command, ...args], { timeoutMs })
  }

  ssh(key: string, address: string, command: string): Promise<string> {
    return this.outside('ssh', [...sshOptions, '-i', key, `root@${address}`, command])
  }

  /** Any subcommand of cumulet. */
  cumulet(...args: string[]): Promise<string> {
    return run(process.execPath, ['--no-warnings', program, '--data', this.data, ...args], { timeoutMs: 1_800_000 })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end('SIGTERM')
    await this.cumulet('down', '--grace', '0').catch((error: unknown) => console.error(error)) // The files go in any case.
    await rm(this.data, { recursive: true, force: true })
  }

  /** Builds the image once for all tests: its packages are not fetched again. */
  async #takeImage(): Promise<void> {
    const built = join(cache, 'images/tiny')
    const abort = AbortSignal.timeout(300_000)
    await buildTinyImage({ cacheDir: join(cache, 'packages'), outDir: built, progress: () => {}, abort })
    await mkdir(join(this.data, 'images'), { recursive: true })
    await cp(built, join(this.data, 'images', imageIdOf(await tinyRecipe())), {
      recursive: true,
      preserveTimestamps: true,
    })
  }
}

export const sshOptions = [
  ...['-o', 'BatchMode=yes', '-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null'],
  ...['-o', 'ConnectTimeout=5', '-o', 'LogLevel=ERROR'],
]

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address ? address.port : 0
}

/** Tries `look` until it gives something, a few times a second; throws after `timeoutMs` with what it last threw. */
export async function eventually<T>(look: () => Promise<T | undefined>, timeoutMs = 60_000): Promise<T> {
  const end = Date.now() + timeoutMs
  for (let last: unknown; ; ) {
    try {
      const found = await look()
      if (found !== undefined) return found
    } catch (error) {
      last = error
    }
    if (Date.now() > end) throw new Error(`it did not come about within ${timeoutMs} ms`, { cause: last })
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}
