import { setImmediate as nextTurn } from 'node:timers/promises'
import type { GroupId, HostId, InstanceId, InterfaceId, VpcId } from '../../model/ids.ts'
import type { Reader } from '../../store/store.ts'
import { type Guest, readGuests } from '../instances/guest.ts'

/** Instances that are looked for with one question. */
const atOnce = 500

/** All guests of the cloud, by what they are asked for. A list is the same array until one of its guests is another. */
export class Guests {
  readonly #all = new Map<InstanceId, Guest>()
  readonly #places = new Map<string, Place>()
  readonly #owners = new Map<InterfaceId, InstanceId>()

  static async read(reader: Reader): Promise<Guests> {
    const rows = await reader.db
      .selectFrom('instances')
      .select('id')
      .where('hostId', 'is not', null)
      .where('power', '!=', 'gone')
      .orderBy('id')
      .execute()
    const guests = new Guests()
    await guests.refresh(
      reader,
      rows.map((it) => it.id),
    )
    return guests
  }

  /** Reads these instances again. */
  async refresh(reader: Reader, ids: readonly InstanceId[]): Promise<void> {
    for (let first = 0; first < ids.length; first += atOnce) {
      const some = ids.slice(first, first + atOnce)
      const found = await readGuests(reader, some)
      for (const id of some) this.#remove(id)
      for (const it of found) this.#put(it)
      if (first + atOnce < ids.length) await nextTurn() // Others live too.
    }
  }

  get(id: InstanceId): Guest | undefined {
    return this.#all.get(id)
  }

  /** Whose the interface is. */
  with(nic: InterfaceId): Guest | undefined {
    const id = this.#owners.get(nic)
    return id && this.#all.get(id)
  }

  /** In the order of their ids: those on the host, in the VPC, or with an interface in the group. */
  at(place: HostId | VpcId | GroupId): readonly Guest[] {
    return this.#places.get(place)?.list() ?? none
  }

  /**
   * What `of` makes of those who are there, one after another, under a name of its own: the same array until one of them, or of `with`, is
   * another, and made anew of those who are. What is made of the others is at hand: to walk a hundred guests is to wait for a thousand cold lines of memory.
   */
  each<T>(
    place: VpcId | GroupId,
    name: string,
    made: { readonly with?: readonly unknown[]; of(guest: Guest): readonly T[] },
  ): readonly T[] {
    return this.#places.get(place)?.each(name, made.with ?? [], made.of) ?? nothing
  }

  *[Symbol.iterator](): Iterator<Guest> {
    yield* this.#all.values()
  }

  #put(guest: Guest): void {
    const { id } = guest.instance
    this.#all.set(id, guest)
    for (const { id: nic } of guest.interfaces) this.#owners.set(nic, id)
    for (const it of placesOf(guest)) {
      const place = this.#places.get(it) ?? new Place()
      this.#places.set(it, place)
      place.put(guest)
    }
  }

  #remove(id: InstanceId): void {
    const guest = this.#all.get(id)
    if (!guest) return
    this.#all.delete(id)
    for (const { id: nic } of guest.interfaces) this.#owners.delete(nic)
    for (const it of placesOf(guest)) this.#places.get(it)?.remove(id)
  }
}

const none: readonly Guest[] = []
const nothing: readonly never[] = []

function placesOf({ instance, interfaces, groupsOf }: Guest): Set<string> {
  const groups = [...groupsOf.values()].flatMap((some) => some.map((it) => it.id))
  return new Set([instance.hostId!, ...interfaces.map((it) => it.vpcId), ...groups]) // guests have a host
}

class Place {
  readonly #guests = new Map<InstanceId, Guest>()
  /** Those that are not in the list as they are. */
  readonly #touched = new Set<InstanceId>()
  #list: readonly Guest[] = []
  readonly #made = new Map<string, Made>()

  put(guest: Guest): void {
    this.#guests.set(guest.instance.id, guest)
    this.#touched.add(guest.instance.id)
  }

  remove(id: InstanceId): void {
    this.#guests.delete(id)
    this.#touched.add(id)
  }

  each<T>(name: string, together: readonly unknown[], of: (guest: Guest) => readonly T[]): readonly T[] {
    const guests = this.list()
    const last = this.#made.get(name)
    const isValid = last?.with.length === together.length && last.with.every((it, index) => it === together[index])
    if (isValid && last.guests === guests) return last.all as readonly T[]
    const parts = partsOf(guests, isValid ? last : undefined, of)
    const all = parts.flat() as readonly T[]
    this.#made.set(name, { with: together, guests, parts, all })
    return all
  }

  list(): readonly Guest[] {
    if (this.#touched.size === 0) return this.#list
    const kept = this.#list.filter((it) => !this.#touched.has(it.instance.id))
    const others = [...this.#touched].sort().flatMap((it) => this.#guests.get(it) ?? [])
    this.#touched.clear()
    this.#list = merged(kept, others)
    return this.#list
  }
}

interface Made {
  readonly with: readonly unknown[]
  readonly guests: readonly Guest[]
  /** One for each of the guests. */
  readonly parts: readonly (readonly unknown[])[]
  readonly all: readonly unknown[]
}

/** What was made before of guests that are the same; both lists are in the order of ids. */
function partsOf<T>(
  guests: readonly Guest[],
  before: Made | undefined,
  of: (guest: Guest) => readonly T[],
): (readonly T[])[] {
  let next = 0
  return guests.map((guest) => {
    while (
      before &&
      next < before.guests.length &&
      before.guests[next] !== guest &&
      before.guests[next]!.instance.id < guest.instance.id
    )
      next++
    return before?.guests[next] === guest ? (before.parts[next++] as readonly T[]) : of(guest)
  })
}

/** Of two lists in the order of their ids one in that order. */
function merged(a: readonly Guest[], b: readonly Guest[]): Guest[] {
  const list: Guest[] = []
  let next = 0
  for (const it of a) {
    while (next < b.length && b[next]!.instance.id < it.instance.id) list.push(b[next++]!) // it is there
    list.push(it)
  }
  return [...list, ...b.slice(next)]
}
