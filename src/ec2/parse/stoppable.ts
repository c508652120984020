import { refuse } from '../../model/errors.ts'
import type { InstanceRow } from '../../store/tables/resources.ts'

/** Refuses instances that have ended, and then those whose root device is no volume. */
export function refuseWithoutVolume(rows: readonly InstanceRow[], verb: 'started' | 'stopped'): void {
  const ended = rows.find((row) => row.state === 'shutting-down' || row.state === 'terminated')
  if (ended) refuse('IncorrectInstanceState', { id: ended.id, verb })
  const [first] = rows
  if (first)
    refuse('UnsupportedOperation', {
      message: `The instance '${first.id}' does not have an 'ebs' root device type and cannot be ${verb}.`,
    })
}
