/** Usage lines and help, laid out as argparse does. */
import { commonParams, flagsOf, positionalsOf } from './arguments.ts'
import type { Command } from './command.ts'
import type { Flag, Params, Positional } from './params.ts'

const width = 78
const column = 24

/** `usage: euca-NAME [-h] … IMAGE`, wrapped. */
export function usage(invokedAs: string, command: Command): string {
  const flags = { ...command.params, ...commonParams }
  const start = `usage: ${invokedAs} `
  const parts = [...flagParts(command, flags), ...positionalsOf(command.params).map(([, it]) => positionalForm(it))]
  return `${start}${wrap(parts, start.length)}\n`
}

export function help(invokedAs: string, command: Command): string {
  const positionals = positionalsOf(command.params).map(([, it]) => entry(it.metavar, it.help))
  const flags = flagsOf({ ...command.params, ...commonParams }).map(([, it]) =>
    entry(it.names.map((name) => withMetavar(name, it)).join(', '), it.help),
  )
  const sections = [
    usage(invokedAs, command).trimEnd(),
    wrap(command.summary.split(' '), 0),
    ...(positionals.length > 0 ? [['positional arguments:', ...positionals].join('\n')] : []),
    ['optional arguments:', ...flags].join('\n'),
  ]
  return `${sections.join('\n\n')}\n`
}

/** One part for each flag, or for each set of which only one may be given. */
function flagParts(command: Command, params: Params): string[] {
  const sets = [...command.exclusive, command.oneOf]
  const done = new Set<string>()
  return flagsOf(params).flatMap(([key, flag]) => {
    if (done.has(key)) return []
    const set = sets.find((it) => it.includes(key)) ?? [key]
    const members = flagsOf(params).filter(([name]) => set.includes(name))
    for (const [name] of members) done.add(name)
    const forms = members.map(([, it]) => withMetavar(it.names[0] ?? '', it))
    const [open, close] = set === command.oneOf ? ['(', ')'] : flag.required ? ['', ''] : ['[', ']']
    return forms.map((form, index) => `${index === 0 ? open : ''}${form}${index === forms.length - 1 ? close : ' |'}`)
  })
}

function withMetavar(name: string, flag: Flag): string {
  const metavar = flag.choices ? `{${flag.choices.join(',')}}` : flag.metavar
  return metavar === undefined ? name : `${name} ${metavar}`
}

function positionalForm({ metavar, arity }: Positional): string {
  if (arity === 'one') return metavar
  return arity === 'any' ? `[${metavar} [${metavar} ...]]` : `${metavar} [${metavar} ...]`
}

function entry(form: string, text: string): string {
  const lines = wrap(text.split(' '), column)
  return form.length + 4 <= column ? `  ${form.padEnd(column - 2)}${lines}` : `  ${form}\n${' '.repeat(column)}${lines}`
}

/** The parts on lines of at most `width` characters, the later ones indented. */
function wrap(parts: readonly string[], indent: number): string {
  let length = indent
  return parts.reduce((text, part) => {
    const fits = text === '' || length + 1 + part.length <= width
    length = fits ? length + (text === '' ? 0 : 1) + part.length : indent + part.length
    if (text === '') return part
    return fits ? `${text} ${part}` : `${text}\n${' '.repeat(indent)}${part}`
  }, '')
}
