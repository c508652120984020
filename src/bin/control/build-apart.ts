/** Builds the tiny image in a process of its own: what it takes of memory (35 MiB, measured) goes with it. */
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { Fault } from '../../base/fault.ts'
import type { ImageDescription } from '../../images/image-folder.ts'

export type FromBuilder =
  | { readonly type: 'progress'; readonly text: string }
  | { readonly type: 'done'; readonly image: ImageDescription }
  | { readonly type: 'failed'; readonly message: string }

/** The image that is then in `outDir`. Throws a `Fault` with the builder's own words. */
export function buildApart(
  cacheDir: string,
  outDir: string,
  progress: (text: string) => void,
  abort: AbortSignal,
): Promise<ImageDescription> {
  const program = fileURLToPath(new URL('./build-child.ts', import.meta.url))
  const child = fork(program, [cacheDir, outDir], { execArgv: ['--no-warnings'], signal: abort })
  return new Promise((resolve, reject) => {
    child.on('message', (message: FromBuilder) => {
      if (message.type === 'progress') progress(message.text)
      else if (message.type === 'done') resolve(message.image)
      else reject(new Fault(message.message))
    })
    child.once('error', (cause) => reject(new Fault('the image could not be built', { cause })))
    child.once('exit', (code) => reject(new Fault(`the image's builder ended with ${code}`)))
  })
}
