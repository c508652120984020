import type { KernelState, Link } from '../kernel-state.ts'
import type { Changes, Neighbour, Route, Rule } from '../links.ts'

/**
 * As much of a namespace as `linkChanges` needs: carries out its lines, and throws where the kernel would refuse one.
 * Links that go take with them what hangs on them.
 */
export class Kernel {
  readonly #links = new Map<string, Link>([['overlay', blank('overlay')]])
  readonly #addresses = new Set<string>()
  readonly #routes = new Map<string, Route>()
  readonly #neighbours = new Map<string, Neighbour>()
  readonly #forwarding = new Map<string, string>()
  readonly #rules = new Map<string, Rule>()
  readonly #quick = new Set<string>()

  /** Carries out at most `steps` lines. */
  carryOut(changes: Changes, steps = Number.POSITIVE_INFINITY): void {
    const six = changes.ip6.map((it) => `${it} six`)
    const lines = [...changes.prepare, ...changes.ip, ...six, ...changes.finish]
    for (const it of lines.slice(0, steps)) this.#line(it)
  }

  state(): KernelState {
    return {
      links: this.#links,
      addresses: [...this.#addresses].map((it) => {
        const [address = '', dev = ''] = it.split(' ')
        return { address, dev }
      }),
      routes: [...this.#routes.values()],
      neighbours: [...this.#neighbours.values()],
      rules: [...this.#rules.values()],
      six: true,
    }
  }

  /** Everything that matters, in an order of its own. Forwarding entries that nobody needs do not matter. */
  summary(): unknown {
    const needed = [...this.#neighbours.values()].filter((it) => it.dev === 'overlay')
    return {
      links: sorted(this.#links),
      quick: [...this.#quick].filter((it) => this.#links.has(it)).sort(),
      addresses: [...this.#addresses].sort(),
      routes: sorted(this.#routes),
      neighbours: sorted(this.#neighbours),
      rules: [...this.#rules.keys()].sort(),
      forwarding: needed.map((it) => [it.mac, this.#forwarding.get(it.mac)]).sort(),
    }
  }

  #line(line: string): void {
    const words = line.split(' ')
    const after = (word: string) => words[words.indexOf(word) + 1] ?? ''
    const has = (word: string) => words.includes(word)
    const dev = after('dev')
    if (line.startsWith('tuntap add')) this.#links.set(dev, { ...blank(dev), owner: Number(after('user')) })
    else if (line.startsWith('link del')) this.#removeLink(dev)
    else if (line.startsWith('ntable')) this.#quick.add(dev)
    else if (line.startsWith('link set')) {
      const known = this.#links.get(dev)
      need(known !== undefined, line)
      this.#links.set(dev, {
        ...known!,
        ...(has('alias') && { alias: after('alias') }),
        ...(has('address') && { mac: after('address') }),
        ...(has('mtu') && { mtu: Number(after('mtu')) }),
        ...(has('up') && { up: true }),
      })
      if (has('address')) this.#forgetNeighbours(dev)
    } else if (line.startsWith('addr')) this.#address(words[1] ?? '', `${words[2]} ${dev}`, line)
    else if (line.startsWith('neigh')) this.#neighbour(words[1] ?? '', words[2] ?? '', dev, after('lladdr'), line)
    else if (line.startsWith('fdb replace')) this.#forwarding.set(words[2] ?? '', after('dst'))
    else if (line.startsWith('fdb del')) this.#forwarding.delete(words[2] ?? '')
    else if (line.startsWith('rule')) this.#rule(words[1] ?? '', words.slice(2), line)
    else if (line.startsWith('route')) this.#route(words.slice(1), line)
    else need(false, line)
  }

  #address(verb: string, key: string, line: string): void {
    need(verb === 'add' ? !this.#addresses.has(key) : this.#addresses.has(key), line)
    if (verb === 'add') this.#addresses.add(key)
    else this.#addresses.delete(key)
  }

  #neighbour(verb: string, address: string, dev: string, mac: string, line: string): void {
    const key = `${address} ${dev}`
    need(verb === 'replace' ? this.#links.has(dev) : this.#neighbours.has(key), line)
    if (verb === 'replace') this.#neighbours.set(key, { address, dev, mac })
    else this.#neighbours.delete(key)
  }

  #route([verb, ...words]: readonly string[], line: string): void {
    const kind = words[0] === 'unreachable' || words[0] === 'blackhole' ? words[0] : undefined
    const to = words[kind ? 1 : 0] ?? ''
    const table = words.includes('table') ? { table: Number(words[words.indexOf('table') + 1]) } : {}
    const key = `${kind ?? ''} ${to} ${table.table ?? ''}`
    if (verb === 'del') {
      need(this.#routes.delete(key), line)
      return
    }
    if (kind) {
      this.#routes.set(key, { kind, to, ...table })
      return
    }
    const dev = words[words.indexOf('dev') + 1] ?? ''
    need(this.#links.has(dev), line)
    const via = words.includes('via') ? { via: words[words.indexOf('via') + 1] ?? '' } : {}
    this.#routes.set(key, { kind: 'unicast', to, dev, ...via, ...table })
  }

  #rule(verb: string, words: readonly string[], line: string): void {
    const key = words.join(' ')
    const after = (word: string) => words[words.indexOf(word) + 1] ?? ''
    if (verb === 'del') {
      need(this.#rules.delete(key), line)
      return
    }
    need(verb === 'add' && !this.#rules.has(key), line)
    const mark = words.includes('fwmark') ? { mark: Number(after('fwmark')) } : {}
    const table = after('lookup')
    this.#rules.set(key, {
      priority: Number(after('priority')),
      ...mark,
      ...(words.includes('six') && { six: true as const }),
      table: table === 'main' ? table : Number(table),
    })
  }

  #removeLink(dev: string): void {
    need(this.#links.delete(dev), `link del ${dev}`)
    this.#quick.delete(dev)
    for (const it of this.#addresses) if (it.endsWith(` ${dev}`)) this.#addresses.delete(it)
    for (const [key, it] of this.#routes) if (it.kind === 'unicast' && it.dev === dev) this.#routes.delete(key)
    this.#forgetNeighbours(dev)
  }

  #forgetNeighbours(dev: string): void {
    for (const [key, it] of this.#neighbours) if (it.dev === dev) this.#neighbours.delete(key)
  }
}

function blank(name: string): Link {
  return { name, alias: '', mac: '', mtu: 1500, up: false }
}

function sorted<T>(map: ReadonlyMap<string, T>): [string, T][] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : 1))
}

function need(condition: boolean, line: string): void {
  if (!condition) throw new Error(`refused: ${line}`)
}
