/** `/dev/sdf`, `sdf` and `xvdf` are one: guests have both names. */
export function bare(device: string): string {
  return device.replace(/^\/dev\//, '').replace(/^xvd/, 'sd')
}
