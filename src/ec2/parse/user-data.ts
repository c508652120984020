import { refuse } from '../../model/errors.ts'

/** Before BASE64. Source: EC2 User Guide, "Run commands when you launch an EC2 instance": 16 KB in raw form. */
const mostBytes = 16 * 1024

/** User data in one line of BASE64. Lines broken by a client are joined. Refuses what is no BASE64, and more than 16 KB. */
export function parseUserData(text: string | undefined): string | undefined {
  if (text === undefined || text === '') return undefined
  const joined = text.replace(/\s+/g, '')
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(joined) || joined.replace(/=+$/, '').length % 4 === 1) {
    refuse('InvalidParameterValue', { message: 'Invalid BASE64 encoding of user data' })
  }
  const bytes = Buffer.from(joined, 'base64')
  if (bytes.length > mostBytes)
    refuse('InvalidParameterValue', { message: `User data is limited to ${mostBytes} bytes` })
  return bytes.toString('base64')
}
