/** Many objects deleted by one request. Source: Amazon S3 API Reference, DeleteObjects. */
import { type Call, may, whoAsks, xmlAnswer } from '../call.ts'
import { refuse } from '../errors.ts'
import type { Answer } from '../exchange.ts'
import { dropObject, findBucket } from '../rows.ts'
import { type Element, readXml } from '../xml.ts'

const mostKeys = 1000

export async function deleteObjects(call: Call): Promise<Answer> {
  const root = readXml(await call.payload.text(), 'Delete')
  const keys = root.all('Object').map((it) => it.value('Key') ?? refuse('MalformedXML'))
  if (keys.length === 0 || keys.length > mostKeys) refuse('MalformedXML')
  const quiet = root.value('Quiet') === 'true'
  const { freed, denied } = await call.store.transact(async (tx) => {
    const bucket = await findBucket(tx, call.bucket)
    const freed: string[] = []
    const denied = new Set<string>()
    for (const key of keys) {
      const resource = `arn:aws:s3:::${call.bucket}/${key}`
      if (may(whoAsks(call), { bucket, guarded: bucket, action: 's3:DeleteObject', resource, permission: 'WRITE' }))
        freed.push(...(await dropObject(tx, call.bucket, key)))
      else denied.add(key)
    }
    return { freed, denied }
  })
  await call.blobs.remove(freed)
  const told = keys.flatMap((key): Element[] => {
    if (denied.has(key)) return [['Error', ['Key', key], ['Code', 'AccessDenied'], ['Message', 'Access Denied']]]
    return quiet ? [] : [['Deleted', ['Key', key]]]
  })
  return xmlAnswer(['DeleteResult', ...told])
}
