/** Our own failure: the caller sees `InternalError` and a request id, the log sees the cause chain. */
export class Fault extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'Fault'
  }
}

/** An effect that may work later. Thrown by effects, understood by the strand engine, seen by nobody else. */
export class Retry extends Error {
  readonly afterMs: number

  constructor(message: string, afterMs = 1000, options?: ErrorOptions) {
    super(message, options)
    this.name = 'Retry'
    this.afterMs = afterMs
  }
}

/** The message of anything thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown)
}

/** The `code` of a Node.js system error (`ENOENT`), if it is one. */
export function systemCode(thrown: unknown): string | undefined {
  return thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : undefined
}
