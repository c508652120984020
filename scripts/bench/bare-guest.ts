/** The floor of a launch: QEMU with the same kernel, ramdisk, image, memory and devices, on a tap with dnsmasq, and nothing else. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { Fault } from '../../src/base/fault.ts'
import { run } from '../../src/base/subprocess.ts'
import {
  type Accelerator,
  acceleratorArguments,
  boardArguments,
  diskArguments,
  memoryArguments,
  nicArguments,
} from '../../src/drivers/hypervisor/qemu/arguments.ts'
import type { ImageDescription } from '../../src/images/image-folder.ts'
import { guestAddress, Lab, labGuests } from '../../src/images/testing/lab.ts'
import { guestTimes, Lookout, now, patienceFor, since, type Times } from './stages.ts'

export interface BareMachine {
  readonly accelerator: Accelerator
  readonly memoryMiB: number
  readonly image: ImageDescription
  /** Where the image's files are. */
  readonly folder: string
}

/** A place that is ready for one guest: namespace, tap, DHCP, metadata, disk. */
export class BareGuest implements AsyncDisposable {
  readonly #lab: Lab
  readonly #machine: BareMachine
  readonly #console: string

  static async prepare(machine: BareMachine): Promise<BareGuest> {
    await using opened = new AsyncDisposableStack()
    const lab = opened.use(await Lab.open((key) => ({ 'meta-data/public-keys/0/openssh-key': key })))
    await makeDisk(machine, diskOf(lab))
    opened.move()
    return new BareGuest(lab, machine)
  }

  private constructor(lab: Lab, machine: BareMachine) {
    this.#lab = lab
    this.#machine = machine
    this.#console = join(lab.folder, 'console')
  }

  /** Times since just before QEMU was started. `together`: how many guests start at the same time. */
  async launch(abort: AbortSignal, together = 1): Promise<Times> {
    await using lookout = await Lookout.open(this.#lab.namespace)
    const exec = now()
    const files = { disk: diskOf(this.#lab), console: this.#console }
    this.#lab.start('qemu-system-x86_64', bareArguments(this.#machine, this.#lab.namespace, files))
    const seen = await lookout.see([guestAddress], patienceFor(together, abort))
    const times = guestTimes(await this.#text(), seen.get(guestAddress) ?? Number.NaN)
    return since(exec, { exec, ...times })
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#lab[Symbol.asyncDispose]()
  }

  async #text(): Promise<string> {
    for (const end = now() + 5000; now() < end; await pause(20)) {
      const text = await readFile(this.#console, 'utf8')
      if (text.includes('SSH is open')) return text
    }
    throw new Fault('the console of the bare guest does not say that SSH is open')
  }
}

/** QEMU's arguments for the guest of a lab, or for one of its two. */
export function bareArguments(
  { accelerator, memoryMiB, image, folder }: BareMachine,
  namespace: string,
  files: { readonly disk: string; readonly console: string },
  index: 0 | 1 = 0,
): string[] {
  const { tap, mac } = labGuests[index]
  return [
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-serial', `file:${files.console}`],
    ...boardArguments(),
    ...acceleratorArguments(accelerator, memoryMiB),
    ...memoryArguments(memoryMiB),
    ...[
      '-kernel',
      join(folder, image.kernel?.file ?? 'vmlinuz'),
      '-initrd',
      join(folder, image.ramdisk?.file ?? 'initrd'),
    ],
    ...['-append', image.commandLine, '-device', 'virtio-rng-pci'],
    ...diskArguments({ file: files.disk, format: 'qcow2', serial: 'sda1' }, 0),
    ...nicArguments({ namespace, tap }, { id: `eni-0000000${index}`, mac }),
  ]
}

export async function makeDisk({ folder, image }: BareMachine, file: string): Promise<void> {
  const base = join(folder, image.root.file)
  await run('qemu-img', ['create', '-q', '-f', 'qcow2', '-F', 'raw', '-b', base, file])
}

function diskOf(lab: Lab): string {
  return join(lab.folder, 'root.qcow2')
}
