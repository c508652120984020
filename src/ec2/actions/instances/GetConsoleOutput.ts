import { Retry } from '../../../base/fault.ts'
import { isToCome } from '../../../control/hosts/heard.ts'
import { findInstance } from '../../../control/instances/find.ts'
import type { InstanceId } from '../../../model/ids.ts'
import { Later } from '../../../query/action.ts'
import type { Output } from '../../../query/types.ts'
import type { Reader } from '../../../store/store.ts'
import type { InstanceRow } from '../../../store/tables/resources.ts'
import { action, type Context } from '../../action.ts'

/** BASE64, and when it was read. */
interface Reading {
  readonly text: string
  readonly at: Date
}

/**
 * The last 64 KiB that the instance wrote to its console: as it is now while its domain exists (with or without `Latest`),
 * as it was at its end afterwards. Nothing while its host can't be asked.
 * Refuses: InvalidInstanceID.*.
 * Source: EC2 API Reference, GetConsoleOutput.
 */
export const GetConsoleOutput = action('GetConsoleOutput', {
  async run({ InstanceId }, context) {
    const row = await findInstance(context.tx, context.caller.account, InstanceId)
    const kept = (await keptConsole(context.tx, row.id)) ?? { text: '', at: context.now }
    const { hostId } = row
    if (hostId === null || !(await isMade(context.tx, row))) return answer(row.id, kept)
    return new Later(async (abort) => answer(row.id, await readConsole(context, { row, hostId, kept }, abort)))
  },
})

function answer(id: InstanceId, { text, at }: Reading): Output<'GetConsoleOutput'> {
  return { InstanceId: id, Output: text, Timestamp: at }
}

async function keptConsole(reader: Reader, id: InstanceId): Promise<Reading | undefined> {
  const row = await reader.db.selectFrom('consoles').selectAll().where('instanceId', '=', id).executeTakeFirst()
  return row && { text: row.text, at: new Date(row.readAt) }
}

/** Whether the instance's host has said that its domain is there. */
async function isMade(reader: Reader, { domainId }: InstanceRow): Promise<boolean> {
  const fact = await reader.db.selectFrom('domainFacts').select('state').where('id', '=', domainId).executeTakeFirst()
  return fact !== undefined && !isToCome(fact)
}

async function readConsole(
  { hosts, now }: Context,
  { row, hostId, kept }: { row: InstanceRow; hostId: string; kept: Reading },
  abort: AbortSignal,
): Promise<Reading> {
  try {
    return { text: (await hosts.console(hostId, row.domainId, abort)).toString('base64'), at: now }
  } catch (error) {
    if (error instanceof Retry && !abort.aborted) return kept
    throw error
  }
}
