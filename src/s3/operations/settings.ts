/** Settings of buckets that nothing here has: what a bucket without them answers. Source: Amazon S3 API Reference, GetBucket… of these names. */
import { type Call, param, requireBucket, requireObject, xmlAnswer } from '../call.ts'
import { refuse, type S3ErrorCode } from '../errors.ts'
import type { Answer } from '../exchange.ts'
import type { Element } from '../xml.ts'

/** By the parameter that asks for them: an empty answer, or the error that says that there is none. */
const ofBuckets: Readonly<Record<string, Element | S3ErrorCode>> = {
  accelerate: ['AccelerateConfiguration'],
  cors: 'NoSuchCORSConfiguration',
  encryption: 'ServerSideEncryptionConfigurationNotFoundError',
  lifecycle: 'NoSuchLifecycleConfiguration',
  logging: ['BucketLoggingStatus'],
  notification: ['NotificationConfiguration'],
  'object-lock': 'ObjectLockConfigurationNotFoundError',
  ownershipControls: 'OwnershipControlsNotFoundError',
  publicAccessBlock: 'NoSuchPublicAccessBlockConfiguration',
  replication: 'ReplicationConfigurationNotFoundError',
  requestPayment: ['RequestPaymentConfiguration', ['Payer', 'BucketOwner']],
  tagging: 'NoSuchTagSet',
  versioning: ['VersioningConfiguration'],
  website: 'NoSuchWebsiteConfiguration',
}

/** Parameters that ask for something else than bucket or object itself, and are not served. */
const others = [
  ...['analytics', 'attributes', 'intelligent-tiering', 'inventory', 'legal-hold', 'metadataConfiguration', 'metrics'],
  ...['renameObject', 'restore', 'retention', 'select', 'session', 'torrent', 'metadataTable'],
]

/** The setting that a request is about, if it is about one. */
export function settingAsked(call: Call): string | undefined {
  return [...Object.keys(ofBuckets), ...others].find((name) => param(call, name) !== undefined)
}

export async function answerSetting(call: Call, name: string): Promise<Answer> {
  const found = ofBuckets[name]
  if (call.method !== 'GET' || found === undefined) return refuse('NotImplemented', `${name} is not served here.`)
  if (call.key !== '') return settingOfObject(call, name)
  await requireBucket(call, `s3:GetBucket${name}`)
  return typeof found === 'string' ? refuse(found, undefined, { BucketName: call.bucket }) : xmlAnswer(found)
}

async function settingOfObject(call: Call, name: string): Promise<Answer> {
  if (name !== 'tagging') return refuse('NotImplemented', `${name} is not served here.`)
  await requireObject(call, 's3:GetObjectTagging', 'READ')
  return xmlAnswer(['Tagging', ['TagSet']])
}
