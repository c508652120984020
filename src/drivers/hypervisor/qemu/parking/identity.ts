/**
 * Who a machine is, as its memory and the state of its devices say: its firmware's tables, what the guest's kernel has read of them, the
 * address of its NIC, and a page that its guest keeps for what it is to be told. What stands for nobody is found when a machine is
 * parked, and written over in each copy before that goes on.
 * Source: SMBIOS 3.6, 7.2.1 "System - UUID" (the byte order); Linux 6.1, drivers/firmware/dmi_scan.c (dmi_save_uuid, dmi_save_ident),
 * net/core/dev_addr_lists.c (dev_addr_shadow); QEMU 7.2, hw/net/virtio-net.c (vmstate_virtio_net_device).
 */
import { open, readFile } from 'node:fs/promises'
import { Fault } from '../../../../base/fault.ts'
import type { DomainSpec } from '../../../../host-api/spec.ts'
import type { Mark } from '../../driver.ts'
import { type Chunk, memoryName } from './memory.ts'

export interface Identity extends Pick<DomainSpec, 'uuid' | 'instance'> {
  readonly mac: string
  /** What the guest is told. */
  readonly page: string
}

const pageBytes = 4096

/** Of a machine that is to be parked. By chance, so that nothing else in its memory is the same. */
export const nobody: Identity = {
  uuid: 'ec2a7f31-5be0-4c9d-93d6-0d1f86b5e27a',
  instance: 'i-0d7e4b19c36a2f85e',
  mac: '06:b3:9e:57:c1:2d',
  page: '#\n'.repeat(pageBytes / 2),
}

type Forms = Readonly<Record<Mark['what'], Buffer>>

function formsOf({ uuid, instance, mac, page }: Identity): Forms {
  const bytes = Buffer.from(uuid.replaceAll('-', ''), 'hex')
  const littleEndian = [bytes.subarray(0, 4), bytes.subarray(4, 6), bytes.subarray(6, 8)].map((it) => it.toReversed())
  return {
    uuid: Buffer.concat([...littleEndian, bytes.subarray(8)]),
    text: Buffer.from(uuid),
    instance: Buffer.from(instance),
    mac: Buffer.from(mac.replaceAll(':', ''), 'hex'),
    page: Buffer.from(page.padEnd(pageBytes, '\n')),
  }
}

const unlike = formsOf(nobody)

/** As long as what stands there for nobody; throws where it is not. */
function formOf(what: Mark['what'], forms: Forms): Buffer {
  if (forms[what].length !== unlike[what].length) throw new Fault(`the ${what} does not fit where nobody's is`)
  return forms[what]
}

/** The marks in one piece, which begins there. */
function marksIn(text: Buffer, start: number, kinds: readonly Mark['what'][]): Mark[] {
  const marks: Mark[] = []
  for (const what of kinds) {
    const step = what === 'page' ? pageBytes : 1
    for (let at = text.indexOf(unlike[what]); at >= 0; at = text.indexOf(unlike[what], at + step))
      if ((start + at) % step === 0) marks.push({ what, offset: start + at })
  }
  return marks
}

/** In the state of devices. */
export const marksOfState = (state: Buffer): Mark[] => marksIn(state, 0, ['mac'])

/** Finds marks in memory that comes in pieces of whole pages, in order. */
export class MarkFinder {
  readonly found: Mark[] = []
  #before: Chunk = { offset: 0, bytes: Buffer.alloc(0) }

  look({ offset, bytes }: Chunk): void {
    const { offset: start, bytes: end } = this.#before
    const [text, textAt] = start + end.length === offset ? [Buffer.concat([end, bytes]), start] : [bytes, offset]
    this.found.push(...marksIn(bytes, offset, ['page']))
    const isNew = ({ offset: at, what }: Mark) => at + unlike[what].length > offset
    this.found.push(...marksIn(text, textAt, ['uuid', 'text', 'instance', 'mac']).filter(isNew))
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

/** Writes into the memory of a process, whose machine does not run yet, who it is. */
export async function beSomebody(pid: number, marks: readonly Mark[], identity: Identity): Promise<void> {
  const forms = formsOf(identity)
  const maps = mapsOf(await readFile(`/proc/${pid}/maps`, 'utf8'))
  await using memory = await open(`/proc/${pid}/mem`, 'r+')
  for (const { what, offset } of marks) {
    const form = formOf(what, forms)
    const map = maps.find((it) => it.offset <= offset && offset + form.length <= it.offset + it.length)
    if (!map) throw new Fault(`process ${pid} does not map its memory at ${offset}`)
    await memory.write(form, 0, form.length, map.address + offset - map.offset)
  }
}

interface MemoryMap {
  readonly address: number
  readonly length: number
  /** In the file that it maps. */
  readonly offset: number
}

/** Where a process has a parked memory. Source: proc_pid_maps(5). */
function mapsOf(text: string): MemoryMap[] {
  return text.split('\n').flatMap((line) => {
    const found = /^([0-9a-f]+)-([0-9a-f]+) \S+ ([0-9a-f]+) .* \/memfd:(\S+)/.exec(line)
    if (!found || found[4] !== memoryName) return []
    const [address, end, offset] = found.slice(1, 4).map((it) => Number.parseInt(it, 16)) as [number, number, number]
    return [{ address, length: end - address, offset }]
  })
}
