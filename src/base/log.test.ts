import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Fault } from './fault.ts'
import { openLog, silentLog } from './log.ts'
import { openLogFile } from './log-file.ts'

let folder: string
let file: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cumulet-log-'))
  file = join(folder, 'x.log')
})
afterEach(() => rmSync(folder, { recursive: true }))

const now = () => new Date('2026-01-02T03:04:05.678Z')
const linesOf = (path = file) => readFileSync(path, 'utf8').trimEnd().split('\n')
const events = () => linesOf().map((it) => JSON.parse(it) as Record<string, unknown>)

describe('a log', () => {
  it('has a line of JSON for each event, with the fields of its ancestors', () => {
    const log = openLog({ file, now })
    log.info('it begins')
    log
      .child({ part: 'api' })
      .child({ host: 'a1' })
      .warn({ tries: 2, big: 2n ** 60n }, 'it goes on\nso to say')
    const time = '2026-01-02T03:04:05.678Z'
    expect(events()).toEqual([
      { level: 30, time, msg: 'it begins' },
      { level: 40, time, part: 'api', host: 'a1', tries: 2, big: '1152921504606846976', msg: 'it goes on\nso to say' },
    ])
  })

  it('keeps what is below its level to itself', () => {
    const log = openLog({ file, now })
    log.debug('no')
    openLog({ file, now, level: 'debug' }).child({}).debug('yes')
    log.error('and this')
    silentLog.error('never')
    expect(events().map((it) => it['msg'])).toEqual(['yes', 'and this'])
  })

  it('tells an error with all its causes, also where they go round', () => {
    const root = Object.assign(new Error('no room'), { code: 'ENOSPC' })
    const error = new Fault('cannot write', { cause: root })
    root.cause = error
    openLog({ file }).error({ err: error, domain: 'dom_1' }, 'a step failed')
    const [event] = events()
    expect(event).toMatchObject({ domain: 'dom_1', err: { type: 'Fault', message: 'cannot write: no room' } })
    const stack = expect.stringMatching(/^Fault: cannot write\n.*\ncaused by: Error: no room\n/s)
    expect(event).toMatchObject({ err: { stack } })
    openLog({ file }).error({ err: root }, 'the other way round')
    expect(events()[1]?.['err']).toMatchObject({ code: 'ENOSPC', message: 'no room: cannot write' })
  })

  it('says what happened even where its fields cannot be said', () => {
    const round: { self?: unknown } = {}
    round.self = round
    openLog({ file, now }).info({ round }, 'still')
    expect(events()[0]).toMatchObject({
      level: 30,
      msg: expect.stringMatching(/^still \(its fields cannot be written: /),
    })
  })
})

describe("a log's file", () => {
  it('begins anew when it is long, and keeps the one before', () => {
    const write = openLogFile(file, 100)
    for (let index = 0; index < 100; index++) write(`${String(index).padStart(9, '0')}\n`)
    const kept = [...linesOf(`${file}.1`), ...linesOf()].map(Number)
    expect(kept).toEqual(Array.from({ length: kept.length }, (_, index) => 100 - kept.length + index))
    expect(linesOf(`${file}.1`)).toHaveLength(10)
    expect(linesOf().length).toBeLessThanOrEqual(10)
  })

  it('is cut where it lies, so that others who append to it stay with it', () => {
    const [write, other] = [openLogFile(file, 20), openLogFile(file, 1000)]
    write('a line that is long enough\n')
    other('of another process\n')
    write('first of the new\n')
    other('second of the new\n')
    expect(linesOf()).toEqual(['first of the new', 'second of the new'])
    expect(linesOf(`${file}.1`)).toEqual(['a line that is long enough', 'of another process'])
  })

  it('goes on where it ended', () => {
    openLogFile(file)('x\n')
    openLogFile(file)('y\n')
    expect(linesOf()).toEqual(['x', 'y'])
  })

  it('goes on in the old file where it cannot begin a new one, and says why', () => {
    mkdirSync(`${file}.1`) // Nothing can be copied there, not even by root.
    const write = openLogFile(file, 10)
    write('longer than ten bytes\n')
    write('next\n')
    expect(linesOf()).toEqual(['longer than ten bytes', 'next', expect.stringContaining('the log cannot begin anew')])
  })

  it.runIf(existsSync('/dev/full'))('loses lines that find no room, without a word to whoever writes them', () => {
    const write = openLogFile('/dev/full')
    expect(() => write('a line\n')).not.toThrow()
  })
})
