/** The process that `buildApart` starts. It ends with its parent: nobody else wants the image. */
import { messageOf } from '../../base/fault.ts'
import { buildTinyImage } from '../../images/tiny.ts'
import type { FromBuilder } from './build-apart.ts'

const stop = new AbortController()
const tell = (message: FromBuilder) => process.send?.(message)
process.once('disconnect', () => stop.abort())

const [cacheDir = '', outDir = ''] = process.argv.slice(2)
try {
  const progress = (text: string) => void tell({ type: 'progress', text })
  tell({ type: 'done', image: await buildTinyImage({ cacheDir, outDir, progress, abort: stop.signal }) })
} catch (error) {
  tell({ type: 'failed', message: messageOf(error) })
}
process.disconnect?.()
