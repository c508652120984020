/**
 * As much of nftables as rulesets need: carries out commands, and throws where the kernel would refuse one because of what
 * refers to what. Rules, elements and types are text to it.
 */
export class Nftables {
  readonly #tables = new Map<string, Table>()

  carryOut(commands: readonly string[]): void {
    for (const it of commands) this.#command(it)
  }

  /** Everything there is, in an order that does not depend on how it came. */
  state(): unknown {
    const sorted = <T>(map: ReadonlyMap<string, T>) => [...map].sort(([a], [b]) => (a < b ? -1 : 1))
    return sorted(this.#tables).map(([name, it]) => ({
      name,
      counters: [...it.counters].sort(),
      sets: sorted(it.sets).map(([set, { type, elements }]) => [set, type, [...elements].sort()]),
      chains: sorted(it.chains),
    }))
  }

  #command(command: string): void {
    const [verb = '', kind = '', family = '', name = '', object = '', ...rest] = command.split(' ')
    const key = `${family} ${name}`
    if (kind === 'table') {
      if (verb === 'delete') need(this.#tables.delete(key), command)
      else if (!this.#tables.has(key))
        this.#tables.set(key, { counters: new Set(), sets: new Map(), chains: new Map() })
      return
    }
    const table = this.#tables.get(key)
    need(table !== undefined, command)
    const handler = handlers[`${verb} ${kind}`]
    need(handler !== undefined, command)
    handler!(table!, object, rest.join(' '), command)
  }
}

interface Table {
  readonly counters: Set<string>
  readonly sets: Map<string, { type: string; elements: Set<string> }>
  readonly chains: Map<string, { hook: string; rules: string[] }>
}

type Handler = (table: Table, object: string, rest: string, command: string) => void

const addSet: Handler = (table, object, rest, command) => {
  need(!table.sets.has(object), command)
  table.sets.set(object, { type: rest, elements: new Set() })
}
const deleteSet: Handler = (table, object, _rest, command) => {
  const name = new RegExp(`@${object}(?![\\w-])`)
  need(!references(table).some((it) => name.test(it)), command)
  need(table.sets.delete(object), command)
}
const flushSet: Handler = (table, object, _rest, command) => {
  need(table.sets.has(object), command)
  table.sets.get(object)?.elements.clear()
}

const handlers: Readonly<Record<string, Handler>> = {
  'add counter': (table, object, _rest, command) => {
    need(!table.counters.has(object), command)
    table.counters.add(object)
  },
  'delete counter': (table, object, _rest, command) => {
    need(!references(table).some((it) => it.includes(`"${object}"`)), command)
    need(table.counters.delete(object), command)
  },
  'add set': addSet,
  'add map': addSet,
  'delete set': deleteSet,
  'delete map': deleteSet,
  'flush set': flushSet,
  'flush map': flushSet,
  'add element': (table, object, rest, command) => {
    const set = table.sets.get(object)
    for (const it of elementsOf(rest)) {
      need(set !== undefined && !keys(set.elements).includes(keyOf(it)) && refersWell(table, it), command)
      set?.elements.add(it)
    }
  },
  'delete element': (table, object, rest, command) => {
    for (const it of elementsOf(rest)) need(table.sets.get(object)?.elements.delete(it) === true, command)
  },
  'add chain': (table, object, rest, command) => {
    need(!table.chains.has(object), command)
    table.chains.set(object, { hook: rest, rules: [] })
  },
  'flush chain': (table, object, _rest, command) => {
    need(table.chains.has(object), command)
    table.chains.get(object)?.rules.splice(0)
  },
  'delete chain': (table, object, _rest, command) => {
    const target = new RegExp(`(jump|goto) ${object}$`)
    need(!references(table).some((it) => target.test(it)) && table.chains.delete(object), command)
  },
  'add rule': (table, object, rest, command) => {
    need(table.chains.has(object) && refersWell(table, rest), command)
    table.chains.get(object)?.rules.push(rest)
  },
}

/** Whether chains, sets and counters named in a rule or an element exist. */
function refersWell(table: Table, text: string): boolean {
  const chain = /(?:jump|goto) (\S+)$/.exec(text)?.[1]
  const sets = [...text.matchAll(/ @([a-z][\w-]*)(?!,)\b/g)]
    .map((it) => it[1] ?? '')
    .filter((it) => !/^(th|ih)$/.test(it))
  const counter = /"(spoofed-[^"]+)"/.exec(text)?.[1]
  return (
    (chain === undefined || table.chains.has(chain)) &&
    sets.every((it) => table.sets.has(it)) &&
    (counter === undefined || table.counters.has(counter))
  )
}

function references(table: Table): string[] {
  return [...table.chains.values()]
    .flatMap((it) => it.rules)
    .concat([...table.sets.values()].flatMap((it) => [...it.elements]))
}

function elementsOf(text: string): string[] {
  return text.replace(/^\{ | \}$/g, '').split(', ')
}

function keyOf(element: string): string {
  return element.split(' : ')[0] ?? ''
}

function keys(elements: ReadonlySet<string>): string[] {
  return [...elements].map(keyOf)
}

function need(condition: boolean, command: string): void {
  if (!condition) throw new Error(`refused: ${command}`)
}
