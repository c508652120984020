/** A bar on standard error: how much is done. Where that is no terminal, a line when all is. */
const width = 30
const barsEvery = 0.01

export type Progress = (done: number, total: number) => void

/** A bar of this name. `err` prints; `isTerminal` says whether a line can be written over. */
export function progressBar(name: string, err: (text: string) => void, isTerminal: boolean): Progress {
  let shown = -1
  return (done, total) => {
    const share = total === 0 ? 1 : done / total
    const isDone = done >= total
    if (shown >= 1 || (!isDone && share - shown < barsEvery)) return
    shown = isDone ? 1 : share
    const filled = Math.round(shown * width)
    const line = `${name} [${'='.repeat(filled)}${' '.repeat(width - filled)}] ${String(Math.floor(shown * 100)).padStart(3)}%`
    if (isTerminal) err(`\r${line}${isDone ? '\n' : ''}`)
    else if (isDone) err(`${line}\n`)
  }
}
