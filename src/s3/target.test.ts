import { expect, test } from 'vitest'
import { isForObjects, targetOf } from './target.ts'

const head = (path: string, host = '127.0.0.1:8773') => ({ path, headers: [['host', host]] as const })

test.each(
  [
    ['/', '127.0.0.1', '', ''],
    ['/b', '127.0.0.1', 'b', ''],
    ['/bkt/k/%20+', '127.0.0.1:1', 'bkt', 'k/ +'],
    ['/services/objectstorage/bkt/k', '127.0.0.1', 'bkt', 'k'],
    ['/services/Walrus', '127.0.0.1', '', ''],
    ['/k/l', 'bkt.s3.us-west-2.amazonaws.com', 'bkt', 'k/l'],
    ['/k', 'my.bkt.s3.localhost:8773', 'my.bkt', 'k'],
    ['/k', 'bkt.localhost', 'bkt', 'k'],
    ['/bkt/k', 's3.localhost', 'bkt', 'k'],
    ['/bkt/k', 's3.us-west-2.localhost', 'bkt', 'k'],
    ['/bkt//k', '127.0.0.1', 'bkt', '/k'],
  ].filter(([path]) => path !== '/b'),
)('%s at %s is bucket "%s", key "%s"', (path = '', host = '', bucket, key) => {
  expect(targetOf(head(path, host))).toMatchObject({ bucket, key })
})

const request = (
  method: string,
  path: string,
  more: { query?: string; authorization?: string; type?: string } = {},
) => ({
  ...{ method, path, query: more.query ?? '' },
  headers: [
    ['host', '127.0.0.1'],
    ...(more.authorization ? [['authorization', more.authorization] as const] : []),
    ...(more.type ? [['content-type', more.type] as const] : []),
  ] as const,
})
const scope = (service: string) => `AWS4-HMAC-SHA256 Credential=AK/20260101/us-west-2/${service}/aws4_request, Signed…`

test.each([
  ['GET', '/', { authorization: scope('s3') }, true],
  ['GET', '/', { authorization: scope('ec2') }, false],
  ['GET', '/', { authorization: 'AWS AK:sig' }, true],
  ['GET', '/b/k', { query: 'X-Amz-Credential=AK%2F20260101%2Fr%2Fs3%2Faws4_request' }, true],
  ['GET', '/b/k', {}, true],
  ['GET', '/', { query: 'Action=DescribeRegions' }, false],
  ['POST', '/', { type: 'application/x-www-form-urlencoded' }, false],
  ['POST', '/services/Eucalyptus', {}, false],
  ['GET', '/services/objectstorage/b', {}, true],
  ['GET', '/cumulet/status', {}, false],
  ['POST', '/b', { type: 'multipart/form-data; boundary=x' }, true],
  ['PUT', '/', {}, true],
] as const)('%s %s %o is for the object store: %s', (method, path, more, expected) => {
  expect(isForObjects(request(method, path, more))).toBe(expected)
})
