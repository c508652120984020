/** Which operation a request asks for: by its method, what it names, and the parameters that name a part of that. */
import { type Call, type Operation, param } from './call.ts'
import { refuse } from './errors.ts'
import { deletePolicy, getAcl, getPolicy, getPolicyStatus, putAcl, putPolicy } from './operations/access.ts'
import { createBucket, deleteBucket, getLocation, headBucket, listBuckets } from './operations/buckets.ts'
import { copyObject } from './operations/copy.ts'
import { deleteObjects } from './operations/delete-many.ts'
import { listObjects, listObjectsV2, listVersions } from './operations/listing.ts'
import {
  abortUpload,
  completeUpload,
  createUpload,
  listParts,
  listUploads,
  uploadPart,
  uploadPartCopy,
} from './operations/multipart.ts'
import { checkVersion, deleteObject, getObject, putObjectOperation } from './operations/objects.ts'
import { answerSetting, settingAsked } from './operations/settings.ts'

interface Route {
  readonly name: string
  readonly run: Operation
}

const route = (name: string, run: Operation): Route => ({ name, run })

export function routeOf(call: Call): Route {
  if (call.bucket === '') return call.method === 'GET' ? route('ListBuckets', listBuckets) : refuse('MethodNotAllowed')
  const setting = settingAsked(call)
  if (setting !== undefined) return route(`${call.method} ${setting}`, (it) => answerSetting(it, setting))
  return (call.key === '' ? routeOfBucket(call) : routeOfObject(call)) ?? refuse('MethodNotAllowed')
}

function routeOfBucket(call: Call): Route | undefined {
  const has = (name: string) => param(call, name) !== undefined
  switch (call.method) {
    case 'GET':
      if (has('acl')) return route('GetBucketAcl', getAcl)
      if (has('location')) return route('GetBucketLocation', getLocation)
      if (has('policy')) return route('GetBucketPolicy', getPolicy)
      if (has('policyStatus')) return route('GetBucketPolicyStatus', getPolicyStatus)
      if (has('uploads')) return route('ListMultipartUploads', listUploads)
      if (has('versions')) return route('ListObjectVersions', listVersions)
      return param(call, 'list-type') === '2'
        ? route('ListObjectsV2', listObjectsV2)
        : route('ListObjects', listObjects)
    case 'HEAD':
      return route('HeadBucket', headBucket)
    case 'PUT':
      if (has('acl')) return route('PutBucketAcl', putAcl)
      return has('policy') ? route('PutBucketPolicy', putPolicy) : route('CreateBucket', createBucket)
    case 'POST':
      return has('delete') ? route('DeleteObjects', deleteObjects) : undefined
    case 'DELETE':
      return has('policy') ? route('DeleteBucketPolicy', deletePolicy) : route('DeleteBucket', deleteBucket)
    default:
      return undefined
  }
}

function routeOfObject(call: Call): Route | undefined {
  const has = (name: string) => param(call, name) !== undefined
  const copies = call.header('x-amz-copy-source') !== undefined
  checkVersion(call)
  switch (call.method) {
    case 'GET':
      if (has('acl')) return route('GetObjectAcl', getAcl)
      return has('uploadId') ? route('ListParts', listParts) : route('GetObject', getObject)
    case 'HEAD':
      return route('HeadObject', getObject)
    case 'PUT':
      if (has('acl')) return route('PutObjectAcl', putAcl)
      if (has('uploadId')) return copies ? route('UploadPartCopy', uploadPartCopy) : route('UploadPart', uploadPart)
      return copies ? route('CopyObject', copyObject) : route('PutObject', putObjectOperation)
    case 'POST':
      if (has('uploads')) return route('CreateMultipartUpload', createUpload)
      return has('uploadId') ? route('CompleteMultipartUpload', completeUpload) : undefined
    case 'DELETE':
      return has('uploadId') ? route('AbortMultipartUpload', abortUpload) : route('DeleteObject', deleteObject)
    default:
      return undefined
  }
}
