/** nftables through its own library: the same commands as `nft`'s, without starting a program for each. */
import { dlopen, toString as textAt } from 'node:ffi'
import { Fault } from '../../../../base/fault.ts'
import { inside } from '../../../../base/network-namespace.ts'

/** Commands that were refused, with nft's own words. None of them was carried out. */
export class NftError extends Fault {
  constructor(said: string) {
    super(`nft: ${said.trim()}`)
    this.name = 'NftError'
  }
}

/**
 * Carries out commands of nft(8) inside the namespace, all of them or none, and gives what they print. Does not wait: a change is
 * made in a millisecond or two, thousands of rules in tens of them.
 * Source: libnftables(3).
 */
export function runNft(namespace: string, commands: string, options: { readonly json?: true } = {}): string {
  const nft = library()
  const context = inside(namespace, () => nft.nft_ctx_new(0)) // Its socket stays where it was made.
  if (context === 0n) throw new Fault('nft: no context')
  try {
    nft.nft_ctx_buffer_output(context)
    nft.nft_ctx_buffer_error(context)
    if (options.json) nft.nft_ctx_output_set_flags(context, outputJson)
    const status = nft.nft_run_cmd_from_buffer(context, commands)
    if (status !== 0) throw new NftError(textAt(nft.nft_ctx_get_error_buffer(context)) ?? '')
    return textAt(nft.nft_ctx_get_output_buffer(context)) ?? ''
  } finally {
    nft.nft_ctx_free(context)
  }
}

/** Source: nftables/libnftables.h, NFT_CTX_OUTPUT_JSON. */
const outputJson = 1 << 4

let opened: ReturnType<typeof open> | undefined

function library() {
  opened ??= open()
  return opened
}

function open() {
  return dlopen('libnftables.so.1', {
    nft_ctx_new: { arguments: ['uint32'], return: 'pointer' },
    nft_ctx_free: { arguments: ['pointer'], return: 'void' },
    nft_ctx_output_set_flags: { arguments: ['pointer', 'uint32'], return: 'void' },
    nft_ctx_buffer_output: { arguments: ['pointer'], return: 'int32' },
    nft_ctx_buffer_error: { arguments: ['pointer'], return: 'int32' },
    nft_ctx_get_output_buffer: { arguments: ['pointer'], return: 'pointer' },
    nft_ctx_get_error_buffer: { arguments: ['pointer'], return: 'pointer' },
    nft_run_cmd_from_buffer: { arguments: ['pointer', 'string'], return: 'int32' },
  }).functions
}
