/** `s3.json` in the data directory: where objects are, if not in this cloud's own store. */
import { readFile } from 'node:fs/promises'
import { Fault, systemCode } from '../base/fault.ts'
import type { Elsewhere } from '../s3/elsewhere.ts'

/** What the operator wrote there; `undefined` where there is no such file. Throws a `Fault` for one that says too little. */
export async function readElsewhereFile(file: string): Promise<Elsewhere | undefined> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined
    throw new Fault(`${file} cannot be read`, { cause: error })
  }
  return checked(parsed(text, file), file)
}

function parsed(text: string, file: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new Fault(`${file} is no JSON`, { cause })
  }
}

function checked(value: unknown, file: string): Elsewhere {
  const given = (typeof value === 'object' && value !== null ? value : {}) as Readonly<Record<string, unknown>>
  const text = (name: keyof Elsewhere): string => {
    const found = given[name]
    if (typeof found === 'string' && found !== '') return found
    throw new Fault(`${file} needs url, region, accessKeyId and secretAccessKey: ${name} is missing`)
  }
  const url = text('url')
  if (!/^https?:\/\//.test(url) || !URL.canParse(url)) throw new Fault(`${file}: ${url} is no URL`)
  return { url, region: text('region'), accessKeyId: text('accessKeyId'), secretAccessKey: text('secretAccessKey') }
}
