/**
 * Who a machine is, as its firmware's tables say, and the guest's kernel, which read them when it started: a machine that is woken
 * finds there who it is now. What stands for nobody is found in its memory when it is parked, and written over before it goes on.
 * Source: SMBIOS 3.6, 7.2.1 "System - UUID" (the byte order); Linux 6.1, drivers/firmware/dmi_scan.c (dmi_save_uuid, dmi_save_ident).
 */
import { open, readFile } from 'node:fs/promises'
import { Fault } from '../../../../base/fault.ts'
import type { DomainSpec } from '../../../../host-api/spec.ts'
import type { Mark } from '../../driver.ts'
import { type Chunk, memoryName } from './memory.ts'

export type Identity = Pick<DomainSpec, 'uuid' | 'instance'>

/** Of a machine that is to be parked. Their bytes are by chance, so that nothing else in its memory is the same. */
export const nobody: Identity = { uuid: 'ec2a7f31-5be0-4c9d-93d6-0d1f86b5e27a', instance: 'i-0d7e4b19c36a2f85e' }

type Forms = Readonly<Record<Mark['what'], Buffer>>

function formsOf({ uuid, instance }: Identity): Forms {
  const bytes = Buffer.from(uuid.replaceAll('-', ''), 'hex')
  const littleEndian = [bytes.subarray(0, 4), bytes.subarray(4, 6), bytes.subarray(6, 8)].map((it) => it.toReversed())
  return {
    uuid: Buffer.concat([...littleEndian, bytes.subarray(8)]),
    text: Buffer.from(uuid),
    instance: Buffer.from(instance),
  }
}

/** Finds marks in memory that comes in pieces, in order. */
export class MarkFinder {
  readonly found: Mark[] = []
  readonly #forms = formsOf(nobody)
  #before: Chunk = { offset: 0, bytes: Buffer.alloc(0) }

  look({ offset, bytes }: Chunk): void {
    const { offset: start, bytes: end } = this.#before
    const adjoins = start + end.length === offset
    const text = adjoins ? Buffer.concat([end, bytes]) : bytes
    const textAt = adjoins ? start : offset
    for (const [what, form] of Object.entries(this.#forms) as [keyof Forms, Buffer][])
      for (let at = text.indexOf(form); at >= 0; at = text.indexOf(form, at + 1))
        this.#add({ what, offset: textAt + at })
    const kept = Buffer.from(text.subarray(-longest))
    this.#before = { offset: offset + bytes.length - kept.length, bytes: kept }
  }

  #add(mark: Mark): void {
    if (!this.found.some((it) => it.what === mark.what && it.offset === mark.offset)) this.found.push(mark)
  }
}

const longest = Math.max(...Object.values(formsOf(nobody)).map((it: Buffer) => it.length)) - 1

/** Writes into the memory of a process, whose machine does not run yet, who it is. */
export async function beSomebody(pid: number, marks: readonly Mark[], identity: Identity): Promise<void> {
  const forms = formsOf(identity)
  const unlike = formsOf(nobody)
  const maps = mapsOf(await readFile(`/proc/${pid}/maps`, 'utf8'))
  await using memory = await open(`/proc/${pid}/mem`, 'r+')
  for (const { what, offset } of marks) {
    if (forms[what].length !== unlike[what].length)
      throw new Fault(`${identity.instance} is longer than what it replaces`)
    const map = maps.find((it) => it.offset <= offset && offset + forms[what].length <= it.offset + it.length)
    if (!map) throw new Fault(`process ${pid} does not map its memory at ${offset}`)
    await memory.write(forms[what], 0, forms[what].length, map.address + offset - map.offset)
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
