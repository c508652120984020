/** Conditional requests. Source: RFC 9110, 13; Amazon S3 API Reference, GetObject, PutObject, CopyObject. */
import { parseHttpTime } from '../iam/timestamps.ts'
import { refuse } from './errors.ts'

interface State {
  readonly etag: string
  readonly createdAt: number
}

type Header = (name: string) => string | undefined

/** Whether a reader has what it asks for already. Refuses where it asks for what is not there any more. */
export function isUnchanged(state: State, header: Header): boolean {
  const [match, noneMatch] = [header('if-match'), header('if-none-match')]
  const [modified, unmodified] = [timeOf(header('if-modified-since')), timeOf(header('if-unmodified-since'))]
  if (match !== undefined ? !names(match, state.etag) : isAfter(state, unmodified)) refuse('PreconditionFailed')
  return noneMatch !== undefined ? names(noneMatch, state.etag) : modified !== undefined && !isAfter(state, modified)
}

/** Refuses where the source of a copy is not what the request says: an unchanged one too. */
export function checkCopySource(state: State, header: Header): void {
  if (isUnchanged(state, (name) => header(`x-amz-copy-source-${name}`))) refuse('PreconditionFailed')
}

/** Refuses to write over what a writer did not expect. */
export function checkOverwrite(state: State | undefined, header: Header): void {
  const [match, noneMatch] = [header('if-match'), header('if-none-match')]
  if (noneMatch !== undefined && noneMatch !== '*') refuse('NotImplemented', 'If-None-Match of a write may only be *.')
  if (noneMatch === '*' && state) refuse('PreconditionFailed', undefined, { Condition: 'If-None-Match' })
  if (match === undefined) return
  if (!state) refuse('NoSuchKey')
  if (!names(match, state.etag)) refuse('PreconditionFailed', undefined, { Condition: 'If-Match' })
}

/** Times in HTTP have whole seconds. */
function isAfter({ createdAt }: State, time: Date | undefined): boolean {
  return time !== undefined && Math.floor(createdAt / 1000) > Math.floor(time.getTime() / 1000)
}

function timeOf(text: string | undefined): Date | undefined {
  return text === undefined ? undefined : parseHttpTime(text)
}

function names(list: string, etag: string): boolean {
  return list.split(',').some((it) => {
    const one = it
      .trim()
      .replace(/^W\//, '')
      .replace(/^"(.*)"$/, '$1')
    return one === '*' || one === etag
  })
}
