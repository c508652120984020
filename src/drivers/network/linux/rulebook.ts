import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { readFile, rm } from 'node:fs/promises'
import { systemCode } from '../../../base/fault.ts'
import { NftError, runNft } from './kernel/nft.ts'
import { nftTransaction } from './namespace.ts'
import { comparable, difference, digest, type Ruleset, whole } from './ruleset.ts'

const writeAfterMs = 1_000

/**
 * Loads rulesets by difference, and remembers what it loaded, in memory and in a file that the next process reads.
 * Memory may be wrong (someone died between two lines of this file), so the ruleset in the kernel bears its own digest, as
 * the name of an empty chain: every transaction renames it, fails as a whole if it has not the old name, and then everything
 * is loaded anew.
 */
export class Rulebook implements AsyncDisposable {
  readonly #directory: string
  readonly #loaded = new Map<string, Tagged>()
  /** Namespaces whose file is older than what is loaded, and when that will be written. */
  readonly #late = new Map<string, NodeJS.Timeout>()
  #failure: unknown

  constructor(directory: string) {
    this.#directory = directory
  }

  /** As `load`, but what this process loaded itself is not looked for. */
  async change(namespace: string, ruleset: Ruleset, abort: AbortSignal): Promise<void> {
    if (this.#loaded.get(namespace)?.tag !== tagOf(ruleset)) await this.load(namespace, ruleset, abort)
  }

  /** Makes the namespace's tables be exactly `ruleset`. Does nothing where they are. */
  async load(namespace: string, ruleset: Ruleset, abort: AbortSignal): Promise<void> {
    this.#throwFailure()
    const next = { tag: tagOf(ruleset), ruleset }
    const before = this.#loaded.get(namespace) ?? (await this.#read(namespace))
    abort.throwIfAborted()
    if (before && turn(namespace, before, next)) {
      this.#loaded.set(namespace, next)
      if (before.tag !== next.tag) this.#writeLater(namespace)
      return
    }
    nftTransaction(namespace, [...whole(ruleset), `add chain ${tableOf(ruleset)} ${next.tag}`])
    this.#loaded.set(namespace, next)
    this.#write(namespace)
  }

  /** Writes what is late. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const [namespace, timer] of this.#late) {
      clearTimeout(timer)
      this.#writeLate(namespace)
    }
    this.#throwFailure()
  }

  /** The namespace is gone. */
  async forget(namespace: string): Promise<void> {
    this.#loaded.delete(namespace)
    clearTimeout(this.#late.get(namespace))
    this.#late.delete(namespace)
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

  /** Writes what is loaded now, if anything is; at once, so that no two writers meet. */
  #write(namespace: string): void {
    const loaded = this.#loaded.get(namespace)
    if (!loaded) return
    mkdirSync(this.#directory, { recursive: true, mode: 0o755 })
    writeFileSync(`${this.#file(namespace)}.new`, JSON.stringify(loaded))
    renameSync(`${this.#file(namespace)}.new`, this.#file(namespace))
  }

  /** A change must not wait until a file of megabytes is made: should we die before it is, everything is loaded anew. */
  #writeLater(namespace: string): void {
    if (this.#late.has(namespace)) return
    const timer = setTimeout(() => this.#writeLate(namespace), writeAfterMs)
    timer.unref()
    this.#late.set(namespace, timer)
  }

  #writeLate(namespace: string): void {
    this.#late.delete(namespace)
    try {
      this.#write(namespace)
    } catch (cause) {
      this.#failure = cause // Whoever loads next is told.
    }
  }

  #throwFailure(): void {
    const failure = this.#failure
    this.#failure = undefined
    if (failure !== undefined) throw failure
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

function tagOf(ruleset: Ruleset): string {
  return `is-${digest(ruleset)}`
}

/** Whether `before` was there and `next` is now. */
function turn(namespace: string, before: Tagged, next: Tagged): boolean {
  if (before.tag !== next.tag && !comparable(before.ruleset, next.ruleset)) return false
  const table = tableOf(next.ruleset)
  return unlessRefused(() =>
    before.tag === next.tag
      ? void runNft(namespace, `list chain ${table} ${next.tag}`)
      : nftTransaction(namespace, [
          `rename chain ${table} ${before.tag} ${next.tag}`,
          ...difference(before.ruleset, next.ruleset),
        ]),
  )
}

/** Where the name is: the first table. */
function tableOf(ruleset: Ruleset): string {
  return Object.keys(ruleset)[0] ?? ''
}

function unlessRefused(work: () => void): boolean {
  try {
    work()
    return true
  } catch (cause) {
    if (cause instanceof NftError) return false
    throw cause
  }
}
