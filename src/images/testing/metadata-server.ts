/**
 * A metadata service for guests in tests: `metadata-server.ts ADDRESS FILE`, where FILE is JSON, paths below /latest to
 * contents. It demands a session token, and prints one line for each request.
 */
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'

const [address = '', file = ''] = process.argv.slice(2)
const tree = JSON.parse(readFileSync(file, 'utf8')) as Readonly<Record<string, string>>
const token = 'a-token-of-this-test'

createServer((request, response) => {
  const path = (request.url ?? '').replace('/latest/', '')
  const answer = (status: number, body: string) => {
    process.stdout.write(`${request.method} ${path} ${status}\n`)
    response.writeHead(status).end(body)
  }
  if (request.method === 'PUT' && path === 'api/token') return answer(200, token)
  if (request.headers['x-aws-ec2-metadata-token'] !== token) return answer(401, 'Unauthorized')
  const content = tree[path]
  return content === undefined ? answer(404, 'Not Found') : answer(200, content)
}).listen(80, address, () => process.stdout.write('listening\n'))
