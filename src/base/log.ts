/** A structured log: a line of JSON for each event. Small, because every process of ours carries it: see ADR 11. */
import { messageOf } from './fault.ts'
import { openLogFile } from './log-file.ts'
import type { Spans, Stage } from './traces.ts'

/** Says one event: its fields, and what happened. The end of a stage is a span too, where traces are written. */
interface Say {
  (message: string): void
  (fields: Stage | object, message?: string): void
}

/** `child` adds fields to every line. */
export interface Log {
  readonly debug: Say
  readonly info: Say
  readonly warn: Say
  readonly error: Say
  child(fields: object): Log
}

/** Numbers as pino and bunyan have them, whose viewers read these lines. */
const levels = { debug: 20, info: 30, warn: 40, error: 50 } as const

export interface LogOptions {
  /** Bounded: see `openLogFile`. Absent: standard error. */
  readonly file?: string
  readonly level?: keyof typeof levels
  readonly now?: () => Date
  /** Gets stages of all levels. */
  readonly spans?: Spans | undefined
}

export function openLog({ file, level = 'info', now = () => new Date(), spans }: LogOptions = {}): Log {
  const write = file === undefined ? (line: string) => void process.stderr.write(line) : openLogFile(file)
  return logTo(write, { least: levels[level], now, fields: {}, spans })
}

/** A log that keeps nothing. */
export const silentLog: Log = logTo(() => {}, {
  least: Number.POSITIVE_INFINITY,
  now: () => new Date(0),
  fields: {},
  spans: undefined,
})

interface Line {
  readonly least: number
  readonly now: () => Date
  /** What every line has. */
  readonly fields: object
  readonly spans: Spans | undefined
}

function logTo(write: (line: string) => void, line: Line): Log {
  const at = (name: keyof typeof levels): Say => {
    const level = levels[name]
    const isKept = level >= line.least
    if (!isKept && !line.spans) return () => {}
    return (first: string | object, message?: string) => {
      const [fields, msg] = typeof first === 'string' ? [{}, first] : [first, message]
      const now = line.now()
      if (isKept) write(textOf({ level, time: now.toISOString(), ...line.fields, ...fields, msg }))
      if (line.spans && isStage(fields)) line.spans({ ...line.fields, ...fields }, now)
    }
  }
  const child = (fields: object) => logTo(write, { ...line, fields: { ...line.fields, ...fields } })
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error'), child }
}

function isStage(fields: object): fields is Stage {
  return 'stage' in fields && 'traces' in fields
}

/** What happened is said even where its fields cannot be. */
function textOf(event: { level: number; time: string; msg: string | undefined }): string {
  try {
    return `${JSON.stringify(event, plain)}\n`
  } catch (error) {
    const { level, time, msg } = event
    return `${JSON.stringify({ level, time, msg: `${msg} (its fields cannot be written: ${messageOf(error)})` })}\n`
  }
}

/** JSON knows neither errors nor big integers. */
function plain(_name: string, value: unknown): unknown {
  if (typeof value === 'bigint') return String(value)
  return value instanceof Error ? described(value) : value
}

/** An error with its causes, each below the one that it led to. */
function described(error: Error): object {
  const chain = causesOf(error)
  return {
    ...error,
    type: error.name,
    message: chain.map((it) => it.message).join(': '),
    stack: chain.map((it) => it.stack ?? `${it.name}: ${it.message}`).join('\ncaused by: '),
    cause: undefined,
  }
}

/** A chain that bites its own tail ends where it does. */
function causesOf(error: Error): Error[] {
  const chain = new Set<Error>()
  for (let it: unknown = error; it instanceof Error && !chain.has(it); it = it.cause) chain.add(it)
  return [...chain]
}
