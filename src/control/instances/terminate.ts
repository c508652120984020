import type { InstanceState } from '../../model/instance-states.ts'
import type { Transaction } from '../../store/store.ts'
import type { InstanceRow } from '../../store/tables/resources.ts'
import { destroy, signal } from '../../strand/calls.ts'

/** Sends the instance to its teardown, by the user's will; `cut`: without waiting for its guest. Answers the state it then has. */
export async function terminate(tx: Transaction, row: InstanceRow, now: Date, cut = false): Promise<InstanceState> {
  if (cut && row.state !== 'terminated') await signal(tx, row.id, 'cut')
  if (row.state === 'shutting-down' || row.state === 'terminated') return row.state
  await tx.db
    .updateTable('instances')
    .set({ state: 'shutting-down', stateReason: 'userShutdown', transitionReason: `User initiated (${gmt(now)})` })
    .where('id', '=', row.id)
    .execute()
  await destroy(tx, row.id)
  return 'shutting-down'
}

/** `2014-04-23 20:11:35 GMT`. */
function gmt(date: Date): string {
  return `${date.toISOString().slice(0, 19).replace('T', ' ')} GMT`
}
