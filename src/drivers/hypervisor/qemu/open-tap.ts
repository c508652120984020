import { closeSync, openSync } from 'node:fs'
import { checked, libc } from '../../../base/libc.ts'
import { inside } from '../../../base/network-namespace.ts'
import type { TapPoint } from '../../network/driver.ts'

/** Source: Linux, include/uapi/linux/if_tun.h; of ioctl's numbers: _IOW('T', 202, int). */
const TUNSETIFF = 0x400454ca
const IFF_TAP = 0x0002
const IFF_NO_PI = 0x1000
const IFF_VNET_HDR = 0x4000

/** The descriptor of a tap as QEMU opens one itself. Source: QEMU 7.2, net/tap-linux.c (tap_open). */
export function openTap({ namespace, tap }: TapPoint): number {
  const request = Buffer.alloc(40)
  request.write(tap, 0, 15)
  request.writeUInt16LE(IFF_TAP | IFF_NO_PI | IFF_VNET_HDR, 16)
  return inside(namespace, () => {
    const tun = openSync('/dev/net/tun', 'r+')
    try {
      checked(`opening ${tap}`, libc().ioctl(tun, BigInt(TUNSETIFF), request))
      return tun
    } catch (error) {
      closeSync(tun)
      throw error
    }
  })
}
