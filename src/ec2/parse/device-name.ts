import { refuse } from '../../model/errors.ts'

/** Source: EC2 User Guide, "Device names for volumes on Amazon EC2 instances": sdb to sdz, with a number, and xvdb to xvddx. */
const names = /^(?:\/dev\/)?(?:sd[a-z](?:[1-9]|1[0-5])?|xvd[a-z]{1,2}[0-9]{0,2})$/

/** The name as the caller wrote it, if guests can have it. */
export function deviceName(name: string | undefined): string {
  if (!name) refuse('MissingParameter', { parameter: 'device' })
  if (names.test(name)) return name
  return refuse('InvalidParameterValue', {
    message: `Value (${name}) for parameter device is invalid. ${name} is not a valid EBS device name.`,
  })
}
