interface Made {
  readonly of: readonly unknown[]
  readonly value: unknown
}

const made = new WeakMap<object, Map<string, Made>>()

/**
 * What `make` makes, as `owner` remembers it by `name`: made again only where one of the things that it is made `of` is another object.
 * What hosts shall be is derived again with each change; nearly all of it is as it was, and the same objects say so.
 */
export function remembered<T>(owner: object, name: string, of: readonly unknown[], make: () => T): T {
  const known = made.get(owner) ?? new Map<string, Made>()
  made.set(owner, known)
  const last = known.get(name)
  if (last && last.of.length === of.length && last.of.every((it, index) => it === of[index])) return last.value as T
  const value = make()
  known.set(name, { of, value })
  return value
}
