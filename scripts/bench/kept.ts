const byHand = '<!-- Below stands what was measured by hand'

/** The page, with the parts of the one before that it has not: what was not measured this time, and what was measured by hand. */
export function withKept(page: string, before: string): string {
  const mark = before.indexOf(byHand)
  const [made, rest] = mark === -1 ? [before, ''] : [before.slice(0, mark), before.slice(mark)]
  const fresh = partsOf(page)
  const titles = new Set(fresh.map(titleOf))
  const kept = partsOf(made).filter((it) => titleOf(it).startsWith('## ') && !titles.has(titleOf(it)))
  return [...fresh, ...kept, rest]
    .map((it) => it.trim())
    .filter((it) => it !== '')
    .join('\n\n')
    .concat('\n')
}

function partsOf(text: string): string[] {
  return text.split(/^(?=## )/m)
}

function titleOf(part: string): string {
  return part.split('\n', 1)[0] ?? ''
}
