import { command } from '../command.ts'
import { toggle, word } from '../params.ts'

export const consoleOutputCommands = [
  command({
    name: 'get-console-output',
    summary: 'Retrieve console output for the specified instance',
    params: {
      instance: word('INSTANCE', 'ID of the instance to obtain console output from (required)'),
      raw: toggle('-r, --raw-console-output', 'display raw output without escaping control characters'),
    },
    operation: 'GetConsoleOutput',
    request: ({ instance }) => ({ InstanceId: instance }),
    render: (outputs, { raw }) =>
      outputs.flatMap(({ InstanceId = '', Timestamp, Output = '' }) => {
        const text = Buffer.from(Output, 'base64').toString('utf8').replaceAll('\ufffd', '?')
        return [InstanceId, Timestamp?.toISOString() ?? '', raw ? text : escapeControls(text)]
      }),
  }),
]

/**
 * Control characters as a terminal shows them: `^A` for 1, `^[` for escape, `^?` for delete. Tabs, line feeds and carriage
 * returns stay. Source: euca2ools 3.4. The controls of Latin-1 (U+0080 to U+009F), which terminals obey too, become `?`.
 */
export function escapeControls(text: string): string {
  return text.replaceAll(/(?![\t\n\r])\p{Cc}/gu, (it) => {
    const code = it.charCodeAt(0)
    return code >= 0x80 ? '?' : `^${String.fromCharCode(code ^ 0x40)}`
  })
}
