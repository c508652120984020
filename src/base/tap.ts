/** Taps as processes open them. Source: Linux, Documentation/networking/tuntap.rst; include/uapi/linux/if_tun.h. */
import { closeSync, openSync } from 'node:fs'
import { checked, libc } from './libc.ts'

const TUNSETIFF = 0x4004_54ca
const IFF_TAP = 0x0002
const IFF_NO_PI = 0x1000
const IFF_VNET_HDR = 0x4000

/** The descriptor of the tap of this name in the namespace that we are in; makes it where there is none. Packets come with virtio's header, or bare. */
export function openTap(name: string, packets: 'bare' | 'with virtio header'): number {
  const request = Buffer.alloc(40)
  request.write(name, 0, 15)
  request.writeUInt16LE(IFF_TAP | IFF_NO_PI | (packets === 'bare' ? 0 : IFF_VNET_HDR), 16)
  const tun = openSync('/dev/net/tun', 'r+')
  try {
    checked(`opening ${name}`, libc().ioctl(tun, BigInt(TUNSETIFF), request))
    return tun
  } catch (error) {
    closeSync(tun)
    throw error
  }
}
