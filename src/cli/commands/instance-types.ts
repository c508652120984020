import { command } from '../command.ts'
import type { Line } from '../lines.ts'
import { words } from '../params.ts'

/**
 * Eucalyptus' table, filled from EC2's DescribeInstanceTypes. Eucalyptus' capacities (`--show-capacity`, `--by-zone`) are
 * not in EC2's answer, so those flags are unknown here.
 */
export const instanceTypeCommands = [
  command({
    name: 'describe-instance-types',
    summary: 'Show information about instance types',
    params: { types: words('INSTANCETYPE', 'limit results to specific instance types') },
    operation: 'DescribeInstanceTypes',
    // The client's type has the names that Amazon knew; ours may have others.
    request: ({ types }) => ({ ...(types.length > 0 && { InstanceTypes: types as never[] }) }),
    render: (outputs) =>
      table([
        ['Name', 'CPUs', 'Memory (MiB)', 'Disk (GiB)'],
        ...outputs
          .flatMap((it) => it.InstanceTypes ?? [])
          .map((it) => [
            it.InstanceType ?? '',
            `${it.VCpuInfo?.DefaultVCpus ?? ''}`,
            `${it.MemoryInfo?.SizeInMiB ?? ''}`,
            `${it.InstanceStorageInfo?.TotalSizeInGB ?? 0}`,
          ]),
      ]),
  }),
]

/** Columns padded with spaces: the first to the left, numbers to the right. Source: euca2ools 3.4. */
function table(rows: readonly (readonly string[])[]): Line[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const pad = (text: string, column: number) =>
    column === 0 ? text.padEnd(widths[column] ?? 0) : text.padStart(widths[column] ?? 0)
  return rows.map((row) => `INSTANCETYPE\t${row.map(pad).join('  ')}`)
}
