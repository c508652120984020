/**
 * How one JSON value differs from another, as data that is as small as the difference. What is the same object on both sides is not
 * looked into, and what a difference leaves alone stays the same object: so chains of changes of a large value stay cheap.
 */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json | undefined }
type List = readonly Json[]
type Fields = { readonly [key: string]: Json | undefined }

/** `is`: another value in its place. `fields`: of an object; null takes one away. The rest is of a list. */
export type Difference =
  | { readonly is: Json }
  | { readonly fields: { readonly [key: string]: Difference | null } }
  | {
      /** Where the elements are that go, before anything else. */
      readonly cut: readonly number[]
      /** Where elements are put, one after another, each place as it is in the end. */
      readonly put: readonly (readonly [number, Json])[]
      /** How elements that stay differ, by their place in the end. */
      readonly edit: readonly (readonly [number, Difference])[]
    }

interface Found {
  readonly after: object
  readonly difference: Difference | undefined
}

/**
 * Differences that were found, by what differs: what many values have in common differs in all of them alike, and is looked into
 * once by those who compare with the same of these. To be let go soon: it holds on to all that was compared.
 */
export type Compared = Map<object, Found>

/** What leads from `before` to `after`; undefined where they are equal. */
export function differenceOf(
  before: Json | undefined,
  after: Json,
  compared: Compared = new Map(),
): Difference | undefined {
  if (before === after) return undefined
  if (isList(before) && isList(after)) return foundOr(compared, before, after, () => ofLists(before, after, compared))
  if (isFields(before) && isFields(after))
    return foundOr(compared, before, after, () => ofFields(before, after, compared))
  return { is: after }
}

function foundOr(
  compared: Compared,
  before: object,
  after: object,
  find: () => Difference | undefined,
): Difference | undefined {
  const last = compared.get(before)
  if (last?.after === after) return last.difference
  const difference = find()
  compared.set(before, { after, difference })
  return difference
}

/** `before` with the difference. Throws where it is not one of it. */
export function withDifference(before: Json | undefined, difference: Difference): Json {
  if ('is' in difference) return difference.is
  if ('fields' in difference) {
    if (!isFields(before)) throw new TypeError('fields differ of what is no object')
    return withFields(before, difference.fields)
  }
  if (!isList(before)) throw new TypeError('elements differ of what is no list')
  const cut = new Set(difference.cut)
  const list: Json[] = before.filter((_, index) => !cut.has(index))
  if (before.length - list.length !== cut.size) throw new TypeError('elements go that are not there')
  return edited(inserted(list, difference.put), difference.edit)
}

function withFields(before: Fields, fields: { readonly [key: string]: Difference | null }): Fields {
  const after: Record<string, Json | undefined> = Object.assign(Object.create(null), before)
  for (const [key, difference] of Object.entries(fields)) {
    if (difference === null) delete after[key]
    else after[key] = withDifference(after[key], difference)
  }
  return { ...after }
}

/** One pass, however many are put. */
function inserted(list: readonly Json[], put: readonly (readonly [number, Json])[]): Json[] {
  const made: Json[] = []
  let next = 0
  for (const [index, value] of put) {
    while (made.length < index && next < list.length) made.push(list[next++]!) // it is there
    if (made.length !== index) throw new TypeError('an element is put where there is no place')
    made.push(value)
  }
  for (; next < list.length; next++) made.push(list[next]!) // it is there
  return made
}

function edited(list: Json[], edit: readonly (readonly [number, Difference])[]): Json[] {
  for (const [index, difference] of edit) {
    if (index >= list.length) throw new TypeError('an element differs that is not there')
    list[index] = withDifference(list[index], difference)
  }
  return list
}

function ofFields(before: Fields, after: Fields, compared: Compared): Difference | undefined {
  const fields: Record<string, Difference | null> = Object.create(null)
  for (const key of Object.keys(after)) {
    const value = after[key]
    const difference = value === undefined ? undefined : differenceOf(own(before, key), value, compared)
    if (difference) fields[key] = difference
  }
  for (const key of Object.keys(before))
    if (before[key] !== undefined && own(after, key) === undefined) fields[key] = null
  return Object.keys(fields).length > 0 ? { fields } : undefined
}

/** Elements are known by what they are called, or by themselves; where that is not clear, by their place. What both begin and end with stays. */
function ofLists(before: List, after: List, compared: Compared): Difference | undefined {
  const shorter = Math.min(before.length, after.length)
  let start = 0
  while (start < shorter && before[start] === after[start]) start++
  if (start === before.length && start === after.length) return undefined
  let end = 0
  while (end < shorter - start && before.at(-1 - end) === after.at(-1 - end)) end++
  const [old, next] = [namesOf(before, start, end), namesOf(after, start, end)]
  if (!old || !next) return byPlace(before, after, compared)
  const cut = old.names.flatMap((name, index) => (next.places.has(name) ? [] : [start + index]))
  const kept = old.names.filter((it) => next.places.has(it))
  const put: [number, Json][] = []
  const edit: [number, Difference][] = []
  let stayed = 0
  for (const [name, place] of next.places) {
    const former = old.places.get(name)
    if (former === undefined)
      put.push([place, after[place]!]) // it is there
    else {
      if (kept[stayed++] !== name) return { is: after } // They have changed places.
      const difference = differenceOf(before[former], after[place]!, compared) // as above
      if (difference) edit.push([place, difference])
    }
  }
  return cut.length + put.length + edit.length > 0 ? { cut, put, edit } : undefined
}

function byPlace(before: List, after: List, compared: Compared): Difference | undefined {
  if (before.length !== after.length) return { is: after }
  const edit = after.flatMap((it, index): (readonly [number, Difference])[] => {
    const difference = differenceOf(before[index], it, compared)
    return difference ? [[index, difference]] : []
  })
  return edit.length > 0 ? { cut: [], put: [], edit } : undefined
}

/** `__proto__` is a name like others. */
function own(fields: Fields, key: string): Json | undefined {
  return Object.hasOwn(fields, key) ? fields[key] : undefined
}

interface Names {
  readonly names: readonly string[]
  /** In the list, in its order. */
  readonly places: ReadonlyMap<string, number>
}

/** Of the list's elements but for so many at its start and its end. */
function namesOf(list: List, start: number, end: number): Names | undefined {
  const names: string[] = []
  const places = new Map<string, number>()
  for (let place = start; place < list.length - end; place++) {
    const name = nameOf(list[place]!) // it is there
    if (name === undefined || places.has(name)) return undefined
    names.push(name)
    places.set(name, place)
  }
  return { names, places }
}

const namingFields = ['id', 'vpc', 'publicAddress', 'to', 'number', 'name'] as const

function nameOf(value: Json): string | undefined {
  if (typeof value === 'string') return value
  if (!isFields(value)) return undefined
  for (const field of namingFields) {
    const name = value[field]
    if (typeof name === 'string' || typeof name === 'number') return `${field} ${name}`
  }
  return undefined
}

function isList(value: Json | undefined): value is List {
  return Array.isArray(value)
}

function isFields(value: Json | undefined): value is Fields {
  return typeof value === 'object' && value !== null && !isList(value)
}
