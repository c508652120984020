/** One after another for each key; keys do not wait for each other. */
export class Turns {
  readonly #last = new Map<string, Promise<void>>()

  /** Runs `work` when everything asked for `key` before has ended, well or not. */
  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key)
    const { promise: mine, resolve: done } = Promise.withResolvers<void>()
    this.#last.set(key, mine)
    await before
    try {
      return await work()
    } finally {
      if (this.#last.get(key) === mine) this.#last.delete(key)
      done()
    }
  }
}

/** Waits for all of it, also where something fails: nothing goes on behind the back of who comes next. */
export async function together<T extends readonly unknown[]>(
  ...work: { [K in keyof T]: Promise<T[K]> | T[K] }
): Promise<T> {
  await Promise.allSettled(work)
  return (await Promise.all(work)) as unknown as T
}
