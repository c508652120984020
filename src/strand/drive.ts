import type { Clock } from '../base/clock.ts'
import { Retry } from '../base/fault.ts'
import type { Log } from '../base/log.ts'
import type { Store, Transaction } from '../store/store.ts'
import type { Outcome } from './outcome.ts'
import type { Seat } from './seats.ts'
import type { LeasedAct, Turn, Turns } from './turns.ts'

export interface DriveOptions {
  readonly store: Store
  readonly turns: Turns
  readonly clock: Clock
  readonly log: Log
  /** Aborted when the engine stops. */
  readonly stopping: AbortSignal
}

const pauseAfterStoreFailureMs = 1_000

/** Moves one strand until it rests. */
export class Drive {
  readonly #options: DriveOptions
  readonly #subject: string
  readonly #seat: Seat
  #running: { readonly act: LeasedAct; readonly abort: AbortController } | undefined
  /** Something was said to the strand since its last transaction was begun. */
  #heard = false

  constructor(options: DriveOptions, subject: string, seat: Seat) {
    this.#options = options
    this.#subject = subject
    this.#seat = seat
  }

  /** Resolves when the strand naps, waits for a seat, has ended, or the engine stops. Never rejects. */
  async run(): Promise<void> {
    let turn = await this.#turn()
    while (turn.kind === 'act' || (turn.kind === 'again' && !this.#options.stopping.aborted)) {
      if (turn.kind === 'act') turn = await this.#act(turn)
      else {
        this.#seat.leave()
        turn = await this.#turn()
      }
    }
    this.#seat.leave()
  }

  /** Aborts the act that runs, if what was said to the strand asks for it. */
  hear(): void {
    this.#heard = true
    if (this.#running) void this.#obey(this.#running)
  }

  /** Aborts the act that runs. */
  abort(reason: unknown): void {
    this.#running?.abort.abort(reason)
  }

  async #turn(): Promise<Turn> {
    const { turns, log } = this.#options
    try {
      return await this.#transact((tx) => turns.begin(tx, this.#subject, this.#seat))
    } catch (error) {
      log.error({ err: error, subject: this.#subject }, 'a decision failed')
      const called = this.#heard
      return await this.#surely((tx) => turns.fail(tx, this.#subject, error, called))
    }
  }

  async #act(act: LeasedAct): Promise<Turn> {
    const { turns, log, stopping } = this.#options
    try {
      const outcome = await this.#attempt(act)
      return await this.#transact((tx) => turns.finish(tx, act, outcome, this.#seat))
    } catch (error) {
      if (stopping.aborted) return await this.#surely((tx) => turns.giveBack(tx, act))
      const fields = { err: error, subject: this.#subject, step: act.row.step, attempts: act.row.attempts + 1 }
      if (error instanceof Retry) log.info(fields, 'an act is to be tried again')
      else log.error(fields, 'an act failed')
      return await this.#surely((tx) => turns.failAct(tx, act, error, this.#seat))
    }
  }

  async #attempt(act: LeasedAct): Promise<Outcome> {
    this.#options.stopping.throwIfAborted()
    const running = { act, abort: new AbortController() }
    this.#running = running
    try {
      if (this.#heard) void this.#obey(running)
      return await act.step.run({ ...act.services, ...act.context, abort: running.abort.signal })
    } finally {
      this.#running = undefined
    }
  }

  async #obey({ act, abort }: { readonly act: LeasedAct; readonly abort: AbortController }): Promise<void> {
    const { store, turns, log } = this.#options
    try {
      const interrupted = await store.read((reader) => turns.isInterrupted(reader, act))
      if (interrupted) abort.abort(new Retry('interrupted'))
    } catch (error) {
      log.error({ err: error, subject: this.#subject }, 'signals cannot be read')
    }
  }

  #transact(work: (tx: Transaction) => Promise<Turn>): Promise<Turn> {
    this.#heard = false
    return this.#options.store.transact(work)
  }

  /** Tries until it is written down or the engine stops: an act whose end nobody knows would never run again. */
  async #surely(work: (tx: Transaction) => Promise<Turn>): Promise<Turn> {
    const { clock, log, stopping } = this.#options
    for (;;) {
      try {
        return await this.#transact(work)
      } catch (error) {
        log.error({ err: error, subject: this.#subject }, 'a strand cannot be written')
        if (stopping.aborted) return { kind: 'rest' }
        await clock.sleep(pauseAfterStoreFailureMs, stopping).catch(() => {}) // Woken by the stop: the last attempt.
      }
    }
  }
}
