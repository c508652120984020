/** What the trial guest writes to its serial port once it runs in long mode. */
export const trialGreeting = 'cumulet: a guest runs'

const origin = 0x100000
const headerBytes = 32
const magic = 0x1badb002
/** The header itself says where it is to be loaded: it is no ELF file. */
const hasAddresses = 0x10000

/**
 * A kernel of 207 bytes. QEMU's firmware starts, loads it and enters it in protected mode; it turns paging on, enters long
 * mode and writes its greeting: what an ordinary guest does first, and what a half-working virtualisation stumbles over.
 * Source: Multiboot Specification 0.6.96, "Header layout"; Intel SDM vol. 3A, 10.8.5 "Initializing IA-32e Mode".
 */
export function trialGuest(): Buffer {
  const header = Buffer.alloc(headerBytes)
  const checksum = -(magic + hasAddresses) >>> 0
  const [loadEnd, bssEnd, entry] = [0, 0, origin + headerBytes]
  for (const [index, it] of [magic, hasAddresses, checksum, origin, origin, loadEnd, bssEnd, entry].entries()) {
    header.writeUInt32LE(it, index * 4)
  }
  return Buffer.concat([header, Buffer.from(code.join(''), 'hex'), Buffer.from(`${trialGreeting}\n\0`)])
}

/** From 0x100020 on. The page tables are at 0x110000 to 0x112fff and map the first 2 MiB onto themselves. */
const code = [
  'fa', //                           cli
  'bf00001100 31c0 b9000c0000', //   mov edi, 0x110000; xor eax, eax; mov ecx, 0xc00
  'fc f3ab', //                      cld; rep stosd
  'c70500001100 03101100', //        mov dword [0x110000], 0x111003   ; present, writable
  'c70500101100 03201100', //        mov dword [0x111000], 0x112003
  'c70500201100 83000000', //        mov dword [0x112000], 0x83       ; a page of 2 MiB
  'b800001100 0f22d8', //            mov eax, 0x110000; mov cr3, eax
  '0f20e0 83c820 0f22e0', //         mov eax, cr4; or eax, 0x20; mov cr4, eax        ; PAE
  'b9800000c0 0f32', //              mov ecx, 0xc0000080; rdmsr                      ; EFER
  '0d00010000 0f30', //              or eax, 0x100; wrmsr                            ; LME
  '0f20c0 0d00000080 0f22c0', //     mov eax, cr0; or eax, 0x80000000; mov cr0, eax  ; PG
  '0f01159b001000', //               lgdt [0x10009b]
  'ea860010000800', //               jmp 8:0x100086                                  ; long mode from here
  'beb8001000 baf8030000', //        mov esi, 0x1000b8; mov edx, 0x3f8
  'ac 84c0 7403 ee ebf8', //         next: lodsb; test al, al; jz done; out dx, al; jmp next
  'f4 ebfd', //                      done: hlt; jmp done
  '0f00 a8001000', //                limit and address of the descriptors
  '00000000000000', //               up to a multiple of eight
  '0000000000000000', //             the null descriptor
  '00000000009a2000', //             code, 64 bits, privilege level 0
].map((it) => it.replaceAll(' ', ''))
