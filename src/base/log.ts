import pino from 'pino'

/** A structured log; `child` adds fields to every line. */
export type Log = Pick<pino.Logger, 'debug' | 'info' | 'warn' | 'error'> & { child(fields: object): Log }

/** Lines of JSON to `file` (or standard error), one per event. */
export function openLog(options: { file?: string; level?: string } = {}): Log {
  const target = options.file
    ? pino.destination({ dest: options.file, append: true, mkdir: true, sync: true })
    : pino.destination({ dest: 2, sync: true })
  return pino({ level: options.level ?? 'info', base: null, timestamp: pino.stdTimeFunctions.isoTime }, target)
}

/** A log that keeps nothing. */
export const silentLog: Log = pino({ level: 'silent' })
