/**
 * Who a machine is, as its memory and the state of its devices say: its firmware's tables, what the guest's kernel has read of them, the
 * address of its NIC, a page that its guest keeps for what it is to be told, and the boot id, where the guest has one by then and says
 * so. What stands for nobody is found when a machine is parked, and written over in each copy before that goes on.
 * Source: SMBIOS 3.6, 7.2.1 "System - UUID" (the byte order); Linux 6.1, drivers/firmware/dmi_scan.c (dmi_save_uuid, dmi_save_ident),
 * net/core/dev_addr_lists.c (dev_addr_shadow), drivers/char/random.c (sysctl_bootid, which the kernel alone can change, and processes
 * remember); QEMU 7.2, hw/net/virtio-net.c (vmstate_virtio_net_device).
 */
import { open } from 'node:fs/promises'
import { Fault } from '../../../../base/fault.ts'
import type { DomainSpec } from '../../../../host-api/spec.ts'
import type { Mark } from '../../driver.ts'
import type { Chunk } from './memory.ts'
import { type MemoryMap, mapsOf, touchedPieces } from './process-memory.ts'

export interface Identity extends Pick<DomainSpec, 'uuid' | 'instance'> {
  readonly mac: string
  /** What the guest is told. */
  readonly page: string
  /** A UUID; absent where the guest has none yet. */
  readonly boot?: string | undefined
}

const pageBytes = 4096

/** Of a machine that is to be parked. By chance, so that nothing else in its memory is the same. */
export const nobody: Identity = {
  uuid: 'ec2a7f31-5be0-4c9d-93d6-0d1f86b5e27a',
  instance: 'i-0d7e4b19c36a2f85e',
  mac: '06:b3:9e:57:c1:2d',
  page: '#\n'.repeat(pageBytes / 2),
}

const noBoot = '00000000-0000-0000-0000-000000000000'
const bytesOf = (uuid: string) => Buffer.from(uuid.replaceAll('-', ''), 'hex')

type Forms = Readonly<Record<Mark['what'], Buffer>>

function formsOf({ uuid, instance, mac, page, boot = noBoot }: Identity): Forms {
  const bytes = bytesOf(uuid)
  const littleEndian = [bytes.subarray(0, 4), bytes.subarray(4, 6), bytes.subarray(6, 8)].map((it) => it.toReversed())
  return {
    uuid: Buffer.concat([...littleEndian, bytes.subarray(8)]),
    bytes,
    text: Buffer.from(uuid),
    instance: Buffer.from(instance),
    mac: Buffer.from(mac.replaceAll(':', ''), 'hex'),
    page: Buffer.from(page.padEnd(pageBytes, '\n')),
    boot: bytesOf(boot),
  }
}

const unlike = formsOf(nobody)

/** As long as what stands there for nobody; throws where it is not. */
function formOf(what: Mark['what'], forms: Forms): Buffer {
  if (forms[what].length !== unlike[what].length) throw new Fault(`the ${what} does not fit where nobody's is`)
  return forms[what]
}

/** The marks in one piece, which begins there. */
function marksIn(text: Buffer, start: number, kinds: readonly Mark['what'][], forms: Forms): Mark[] {
  const marks: Mark[] = []
  for (const what of kinds)
    for (let at = text.indexOf(forms[what]); at >= 0; at = text.indexOf(forms[what], at + 1))
      marks.push({ what, offset: start + at })
  return marks
}

/** Pages that are nobody's from their first byte on: what else is like them is what a shell has left of the text. */
function pagesIn({ offset, bytes }: Chunk): Mark[] {
  const marks: Mark[] = []
  for (let at = 0; at + pageBytes <= bytes.length; at += pageBytes)
    if (unlike.page.compare(bytes, at, at + pageBytes) === 0) marks.push({ what: 'page', offset: offset + at })
  return marks
}

/** In the state of devices. */
export const marksOfState = (state: Buffer): Mark[] => marksIn(state, 0, ['mac'], unlike)

const ofGuest = ['uuid', 'text', 'instance', 'mac'] as const
const ofProcess = [...ofGuest, 'bytes'] as const

interface Sought {
  readonly kinds?: readonly Mark['what'][]
  /** Of the machine that was parked, if it has one. */
  readonly boot?: string | undefined
}

/** Finds marks in memory that comes in pieces of whole pages, in order: those of a guest, if no others are named. */
export class MarkFinder {
  readonly found: Mark[] = []
  readonly #forms: Forms
  readonly #kinds: readonly Mark['what'][]
  readonly #pages: boolean
  #before: Chunk = { offset: 0, bytes: Buffer.alloc(0) }

  constructor({ kinds = [...ofGuest, 'page'], boot }: Sought = {}) {
    this.#forms = boot === undefined ? unlike : formsOf({ ...nobody, boot })
    this.#pages = kinds.includes('page')
    this.#kinds = [...kinds.filter((it) => it !== 'page'), ...(boot === undefined ? [] : (['boot'] as const))]
  }

  look({ offset, bytes }: Chunk): void {
    const { offset: start, bytes: end } = this.#before
    const [text, textAt] = start + end.length === offset ? [Buffer.concat([end, bytes]), start] : [bytes, offset]
    if (this.#pages) this.found.push(...pagesIn({ offset, bytes }))
    const isNew = ({ offset: at, what }: Mark) => at + unlike[what].length > offset
    this.found.push(...marksIn(text, textAt, this.#kinds, this.#forms).filter(isNew))
    const kept = Buffer.from(text.subarray(-longest))
    this.#before = { offset: offset + bytes.length - kept.length, bytes: kept }
  }
}

/** Of what may lie across the edge of a piece, less one byte. */
const longest = unlike.text.length - 1

/** The state of somebody's devices, from nobody's. */
export function stateOf(state: Buffer, marks: readonly Mark[], identity: Identity): Buffer {
  const forms = formsOf(identity)
  const its = Buffer.from(state)
  for (const { what, offset } of marks) formOf(what, forms).copy(its, offset)
  return its
}

/** Where a process and its machine, which stands still, say that they are nobody: by address, and in the machine's memory. */
export interface ProcessMarks {
  readonly own: readonly Mark[]
  readonly memory: readonly Mark[]
}

/** Throws where the process does not say so itself: then its firmware would tell others after a reboot. */
export async function marksOfProcess(pid: number, boot: string | undefined): Promise<ProcessMarks> {
  const maps = await mapsOf(pid)
  const find = async (sought: Sought, among: readonly MemoryMap[], start: 'address' | 'offset') => {
    const marks: Mark[] = []
    for (const map of among) {
      const finder = new MarkFinder(sought)
      for await (const it of touchedPieces(pid, map)) finder.look(it)
      marks.push(...finder.found.map(({ what, offset }) => ({ what, offset: map[start] + offset })))
    }
    return marks
  }
  const own = await find({ kinds: ofProcess }, maps.own, 'address')
  requireAll(pid, own)
  return { own, memory: await find({ kinds: ofGuest, boot }, maps.parked, 'offset') }
}

function requireAll(pid: number, own: readonly Mark[]): void {
  const missing = ofGuest.filter((it) => !own.some(({ what }) => what === it))
  if (missing.length > 0) throw new Fault(`process ${pid} does not say who it is: ${missing.join(', ')}`)
}

/**
 * Writes into the memory of a process, whose machine stands still, who it is. Where nobody's name stands no more, as in what was given
 * back and taken for something else since, nothing is written. Marks of the process itself are addresses; throws where too few are left of them.
 */
export async function beSomebody(
  pid: number,
  {
    memory: marks,
    own,
    boot,
  }: { readonly memory: readonly Mark[]; readonly own?: readonly Mark[]; readonly boot?: string | undefined },
  identity: Identity,
): Promise<void> {
  const [nobodys, forms] = [formsOf({ ...nobody, boot }), formsOf(identity)]
  const { parked } = await mapsOf(pid)
  await using memory = await open(`/proc/${pid}/mem`, 'r+')
  const write = async (what: Mark['what'], address: number): Promise<boolean> => {
    const form = formOf(what, forms)
    const before = Buffer.alloc(form.length)
    await memory.read(before, 0, before.length, address)
    if (what !== 'page' && !before.equals(nobodys[what])) return false
    await memory.write(form, 0, form.length, address)
    return true
  }
  for (const { what, offset } of marks) {
    const map = parked.find((it) => it.offset <= offset && offset + unlike[what].length <= it.offset + it.length)
    if (!map) throw new Fault(`process ${pid} does not map its memory at ${offset}`)
    await write(what, map.address + offset - map.offset)
  }
  if (!own) return
  const written: Mark[] = []
  for (const it of own) if (await write(it.what, it.offset)) written.push(it)
  requireAll(pid, written)
}
