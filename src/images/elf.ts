/**
 * What a 64-bit little-endian ELF file says it needs.
 * Source: System V ABI, "Program Header" and "Dynamic Section"; Linux, scripts/mod/modpost.c for modules.
 */
const segmentLoad = 1
const segmentDynamic = 2
const segmentInterpreter = 3
const tagNeeded = 1n
const tagStringTable = 5n

interface Segment {
  readonly type: number
  readonly offset: number
  readonly address: bigint
  readonly size: number
}

/** Names of the shared libraries, and the path of the dynamic loader first. Empty for a static program. */
export function neededLibraries(elf: Buffer): string[] {
  const segments = segmentsOf(elf)
  const dynamic = segments.find((it) => it.type === segmentDynamic)
  const interpreter = segments.find((it) => it.type === segmentInterpreter)
  const needed = dynamic ? namesIn(elf, segments, dynamic) : []
  return interpreter ? [text(elf, interpreter.offset), ...needed] : needed
}

function segmentsOf(elf: Buffer): Segment[] {
  const start = Number(elf.readBigUInt64LE(0x20))
  const size = elf.readUInt16LE(0x36)
  return Array.from({ length: elf.readUInt16LE(0x38) }, (_, index) => {
    const at = start + index * size
    return {
      type: elf.readUInt32LE(at),
      offset: Number(elf.readBigUInt64LE(at + 8)),
      address: elf.readBigUInt64LE(at + 16),
      size: Number(elf.readBigUInt64LE(at + 32)),
    }
  })
}

function namesIn(elf: Buffer, segments: readonly Segment[], dynamic: Segment): string[] {
  const entries = Array.from({ length: dynamic.size / 16 }, (_, index) => ({
    tag: elf.readBigUInt64LE(dynamic.offset + index * 16),
    value: elf.readBigUInt64LE(dynamic.offset + index * 16 + 8),
  }))
  const table = entries.find((it) => it.tag === tagStringTable)?.value ?? 0n
  const home = segments.find(
    (it) => it.type === segmentLoad && it.address <= table && table < it.address + BigInt(it.size),
  )
  if (!home) return []
  const base = home.offset + Number(table - home.address)
  return entries.filter((it) => it.tag === tagNeeded).map((it) => text(elf, base + Number(it.value)))
}

function text(bytes: Buffer, at: number): string {
  return bytes.toString('utf8', at, bytes.indexOf(0, at))
}

/** The modules that a kernel module says must be loaded before it: names with underscores. */
export function neededModules(module: Buffer): string[] {
  const at = module.indexOf('\0depends=')
  if (at < 0) return []
  return text(module, at + '\0depends='.length)
    .split(',')
    .filter((it) => it !== '')
    .map(moduleName)
}

const signatureMark = Buffer.from('~Module signature appended~\n')

/**
 * A module without its signature. Checking that of ten modules takes 0.2 s without KVM, and modules that come with the kernel in
 * one image prove nothing by it; the kernel notes once that it is tainted. Source: Linux, include/linux/module_signature.h.
 */
export function unsigned(module: Buffer): Buffer {
  const end = module.length - signatureMark.length
  if (end < 12 || !module.subarray(end).equals(signatureMark)) return module
  return module.subarray(0, end - 12 - module.readUInt32BE(end - 4))
}

/** The kernel's name of a module: `virtio-rng.ko` is `virtio_rng`. */
export function moduleName(file: string): string {
  return file.replace(/\.ko$/, '').replaceAll('-', '_')
}

/** `wanted` and all they need, each after what it needs itself; none that is in `loaded` already. */
export function loadOrder(
  wanted: readonly string[],
  needs: (module: string) => readonly string[],
  loaded: readonly string[] = [],
): string[] {
  const order: string[] = []
  const visit = (module: string) => {
    if (loaded.includes(module) || order.includes(module)) return
    for (const it of needs(module)) visit(it)
    order.push(module)
  }
  for (const it of wanted) visit(it)
  return order
}
