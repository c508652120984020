import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { systemCode } from '../../../base/fault.ts'
import { SubprocessError } from '../../../base/subprocess.ts'
import { nftTransaction, runIn } from './namespace.ts'
import { comparable, difference, digest, type Ruleset, whole } from './ruleset.ts'

/**
 * Loads rulesets by difference, and remembers what it loaded, in memory and in a file that the next process reads.
 * Memory may be wrong (someone died between two lines of this file), so the ruleset in the kernel bears its own digest, as
 * the name of an empty chain: every transaction takes the old name away, fails as a whole if that is not there, and then
 * everything is loaded anew.
 */
export class Rulebook {
  readonly #directory: string
  readonly #loaded = new Map<string, Tagged>()

  constructor(directory: string) {
    this.#directory = directory
  }

  /** Makes the namespace's tables be exactly `ruleset`. Does nothing where they are. */
  async load(namespace: string, ruleset: Ruleset, abort: AbortSignal): Promise<void> {
    const next = tagged(ruleset)
    const before = this.#loaded.get(namespace) ?? (await this.#read(namespace))
    if (!(before && (await turn(namespace, before, next, abort)))) {
      await nftTransaction(namespace, whole(next.ruleset), abort)
    }
    if (before?.tag !== next.tag) await this.#write(namespace, next)
    this.#loaded.set(namespace, next)
  }

  /** The namespace is gone. */
  async forget(namespace: string): Promise<void> {
    this.#loaded.delete(namespace)
    await rm(this.#file(namespace), { force: true })
  }

  async #read(namespace: string): Promise<Tagged | undefined> {
    try {
      return JSON.parse(await readFile(this.#file(namespace), 'utf8')) as Tagged
    } catch (cause) {
      if (systemCode(cause) === 'ENOENT' || cause instanceof SyntaxError) return undefined
      throw cause
    }
  }

  async #write(namespace: string, next: Tagged): Promise<void> {
    await mkdir(this.#directory, { recursive: true, mode: 0o755 })
    await writeFile(`${this.#file(namespace)}.new`, JSON.stringify(next))
    await rename(`${this.#file(namespace)}.new`, this.#file(namespace))
  }

  #file(namespace: string): string {
    return `${this.#directory}/${namespace}.rules.json`
  }
}

/** A ruleset that says in the kernel which one it is. */
interface Tagged {
  readonly tag: string
  readonly ruleset: Ruleset
}

function tagged(ruleset: Ruleset): Tagged {
  const [first = '', table] = Object.entries(ruleset)[0] ?? []
  const tag = `is-${digest(ruleset)}`
  if (!table) return { tag, ruleset }
  return { tag, ruleset: { ...ruleset, [first]: { ...table, chains: { ...table.chains, [tag]: { rules: [] } } } } }
}

/** Whether `before` was there and `next` is now. */
async function turn(namespace: string, before: Tagged, next: Tagged, abort: AbortSignal): Promise<boolean> {
  if (before.tag !== next.tag && !comparable(before.ruleset, next.ruleset)) return false
  const table = Object.keys(next.ruleset)[0] ?? ''
  return await unlessRefused(
    before.tag === next.tag
      ? runIn(namespace, ['nft', 'list', 'chain', ...table.split(' '), next.tag], { abort })
      : nftTransaction(namespace, difference(before.ruleset, next.ruleset), abort),
  )
}

async function unlessRefused(done: Promise<unknown>): Promise<boolean> {
  try {
    await done
    return true
  } catch (cause) {
    if (cause instanceof SubprocessError && cause.exitCode !== null) return false
    throw cause
  }
}
