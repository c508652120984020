/** Numbers and tables as the page has them. */
import type { Memory } from './machine.ts'
import type { Summary } from './statistics.ts'

/** The value in the middle, and between which all were. */
export function range({ median, least, most }: Summary): string {
  return `${number(median)} ms (${number(least)} to ${number(most)})`
}

/** Two digits that say something; thousands set apart. */
export function number(value: number): string {
  if (value === 0) return '0'
  const digits = Math.max(0, 1 - Math.floor(Math.log10(Math.abs(value))))
  return value.toLocaleString('en', { maximumFractionDigits: Math.min(digits, 4) })
}

/** A table whose first column is text and whose others are numbers. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map((_, index) => (index === 0 ? '---' : '---:'))), ...rows.map(line), '']
}

export function memoryText({ rssMiB, pssMiB, privateMiB }: Memory): string {
  return `${number(pssMiB)} MiB (RSS ${number(rssMiB)}, private ${number(privateMiB)})`
}
