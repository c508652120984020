import { randomInt } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Fault } from '../../base/fault.ts'
import type { DomainSpec } from '../../host-api/spec.ts'
import type { DomainId } from '../../model/ids.ts'
import type { TapPoint } from '../network/driver.ts'
import type { DomainStatus, DomainWiring, HypervisorDriver } from './driver.ts'

/** Writes `guest: ready` to its console, and then: goes off when the button is pressed; ignores it; goes off at once. Or: never starts. */
export type Guest = 'obedient' | 'deaf' | 'fleeting' | 'stillborn'

export interface Domain {
  readonly spec: DomainSpec
  readonly wiring: DomainWiring
}

/** One driver under test, and what the suite needs of the world around it. */
export interface HypervisorSubject extends AsyncDisposable {
  /** A driver in a new process, as it were: over the same world as those before. */
  open(): Promise<HypervisorDriver>
  domain(id: DomainId, guest: Guest): Domain
  /** Ends the domain's process from outside, as a lack of memory would. */
  crash(id: DomainId): Promise<void>
  /** What there is of the domain outside of the driver: processes, files, control groups. */
  remainsOf(id: DomainId): Promise<string[]>
  /** A vif for the domain, and a tap for it: each number has its own. */
  vif(id: DomainId, number: number): Promise<{ readonly vif: DomainSpec['vifs'][number]; readonly tap: TapPoint }>
  /** How many machines the suite may run at once. */
  readonly atOnce: number
}

/** What every hypervisor driver keeps to. */
export function hypervisorSuite(name: string, make: () => Promise<HypervisorSubject>): void {
  describe(name, () => {
    let subject: HypervisorSubject
    let driver: HypervisorDriver
    beforeAll(async () => {
      subject = await make()
    })
    afterAll(async () => await subject[Symbol.asyncDispose]())
    beforeEach(async () => {
      driver = await subject.open()
    })
    afterEach(async () => {
      for (const { id } of await driver.list(never)) await driver.forget(id, never)
      await driver[Symbol.asyncDispose]()
    })

    const boot = async (id: DomainId, guest: Guest) => {
      const { spec, wiring } = subject.domain(id, guest)
      await driver.boot(spec, wiring, never)
    }
    const ready = (id: DomainId, times = 1) => eventually(async () => (await readies(driver, id)) >= times)
    const statusOf = async (id: DomainId) => (await driver.list(never)).find((it) => it.id === id)
    const becomes = (id: DomainId, state: DomainStatus['state']) =>
      eventually(async () => (await statusOf(id))?.state === state)
    const restart = async () => {
      await driver[Symbol.asyncDispose]()
      driver = await subject.open()
    }

    it('finds nothing where nothing was started', async () => {
      expect(await driver.list(never)).toEqual([])
    })

    it('takes no harm from ending what never was', async () => {
      await driver.kill(unknown, never)
      await driver.forget(unknown, never)
      await expect(driver.console(unknown, 10)).rejects.toThrow(Fault)
      await expect(driver.pressButton(unknown, never)).rejects.toThrow(Fault)
      await expect(driver.reboot(unknown, 1, 1, never)).rejects.toThrow(Fault)
    })

    it('starts a domain once, however often it is asked', async () => {
      await Promise.all([boot(one, 'obedient'), boot(one, 'obedient')])
      const first = await driver.list(never)
      await boot(one, 'obedient')
      expect(await driver.list(never)).toEqual(first)
      expect(first).toMatchObject([{ id: one, state: 'running', reboots: 0 }])
      expect(Date.parse(first[0]!.startedAt)).not.toBeNaN()
    })

    it('finds the domains of a driver before it, and hears of them', async () => {
      await boot(one, 'obedient')
      const before = await driver.list(never)
      await ready(one)
      await restart()
      expect(await driver.list(never)).toEqual(before)
      const told = Promise.withResolvers<DomainId>()
      driver.watch((id) => told.resolve(id))
      await driver.pressButton(one, never)
      expect(await told.promise).toBe(one)
      await becomes(one, 'off')
    })

    it('presses the button, and an obedient guest goes off', async () => {
      await boot(one, 'obedient')
      await ready(one)
      await driver.pressButton(one, never)
      await becomes(one, 'off')
      const off = await statusOf(one)
      expect(off).toMatchObject({ state: 'off', cause: 'button', buttonPressedAt: expect.any(String) })
      await driver.pressButton(one, never)
      expect(await statusOf(one)).toEqual(off)
    })

    it('remembers when the button was first pressed, though the guest is deaf', async () => {
      await boot(one, 'deaf')
      await ready(one)
      await driver.pressButton(one, never)
      const pressed = await statusOf(one)
      expect(pressed).toMatchObject({ state: 'running', buttonPressedAt: expect.any(String) })
      await driver.pressButton(one, never)
      await restart()
      expect(await statusOf(one)).toEqual(pressed)
      await driver.kill(one, never)
      expect(await statusOf(one)).toEqual({ ...pressed, state: 'off', cause: 'forced' })
    })

    it('kills at once, and keeps the console', async () => {
      await boot(one, 'deaf')
      await ready(one)
      await driver.kill(one, never)
      expect(await statusOf(one)).toMatchObject({ state: 'off', cause: 'forced' })
      await driver.kill(one, never)
      await restart()
      expect(await statusOf(one)).toMatchObject({ state: 'off', cause: 'forced' })
      expect(await readies(driver, one)).toBe(1)
      expect((await driver.console(one, 5)).length).toBe(5)
    })

    it('starts nothing again that was started before', async () => {
      await boot(one, 'deaf')
      await driver.kill(one, never)
      await expect(boot(one, 'deaf')).rejects.toThrow(Fault)
      await expect(driver.reboot(one, 1, 1, never)).rejects.toThrow(Fault)
      expect(await statusOf(one)).toMatchObject({ state: 'off', cause: 'forced', reboots: 0 })
    })

    it('leaves nothing of a domain that is forgotten', async () => {
      await boot(one, 'obedient')
      expect(await subject.remainsOf(one)).not.toEqual([])
      await driver.forget(one, never)
      expect(await subject.remainsOf(one)).toEqual([])
      expect(await driver.list(never)).toEqual([])
      await restart()
      expect(await driver.list(never)).toEqual([])
    })

    it('sees that a guest has powered itself off', async () => {
      const told = Promise.withResolvers<void>()
      driver.watch(() => void statusOf(one).then((it) => it?.state === 'off' && told.resolve()))
      await boot(one, 'fleeting')
      await told.promise
      expect(await statusOf(one)).toMatchObject({ state: 'off', cause: 'guest' })
      expect(await readies(driver, one)).toBe(1)
    })

    it('sees what guests did while it was away', async () => {
      await boot(one, 'fleeting')
      await restart()
      await becomes(one, 'off')
      await restart()
      expect(await statusOf(one)).toMatchObject({ state: 'off', cause: 'guest' })
    })

    it('sees that a domain is lost, and says so', async () => {
      await boot(one, 'obedient')
      const told = Promise.withResolvers<DomainId>()
      driver.watch((id) => told.resolve(id))
      await subject.crash(one)
      expect(await told.promise).toBe(one)
      expect(await statusOf(one)).toMatchObject({ state: 'lost' })
      await driver.kill(one, never)
      await driver.pressButton(one, never)
      expect(await statusOf(one)).toMatchObject({ state: 'lost' })
      await driver.forget(one, never)
      expect(await subject.remainsOf(one)).toEqual([])
    })

    it('reboots once for each count', async () => {
      await boot(one, 'obedient')
      await ready(one)
      await driver.reboot(one, 1, 60_000, never)
      expect(await statusOf(one)).toMatchObject({ state: 'running', reboots: 1 })
      await ready(one, 2)
      await restart()
      await driver.reboot(one, 1, 60_000, never)
      expect(await statusOf(one)).toMatchObject({ state: 'running', reboots: 1 })
      expect(await readies(driver, one)).toBe(2)
    })

    it('resets a guest that ignores the button', async () => {
      await boot(one, 'deaf')
      await ready(one)
      await driver.reboot(one, 3, 50, never)
      await ready(one, 2)
      expect(await statusOf(one)).toMatchObject({ state: 'running', reboots: 3 })
    })

    it('holds a reboot half-way, its guest off, whoever drives it then', async () => {
      await boot(one, 'obedient')
      await ready(one)
      await driver.holdReboot(one, 1, 60_000, never)
      await driver.holdReboot(one, 1, 60_000, never)
      expect(await statusOf(one)).toMatchObject({ state: 'running', reboots: 0, heldReboot: 1 })
      await restart()
      expect(await statusOf(one)).toMatchObject({ state: 'running', reboots: 0, heldReboot: 1 })
      await driver.reboot(one, 1, 60_000, never)
      await ready(one, 2)
      const { heldReboot, ...rest } = (await statusOf(one))!
      expect([rest.state, rest.reboots, heldReboot]).toEqual(['running', 1, undefined])
    })

    it('halts a guest that is deaf where it shall hold its reboot, and ends it where it shall go off', async () => {
      await boot(one, 'deaf')
      await ready(one)
      await driver.holdReboot(one, 1, 50, never)
      expect(await statusOf(one)).toMatchObject({ state: 'running', heldReboot: 1 })
      await driver.reboot(one, 1, 50, never)
      await ready(one, 2)
      await driver.holdReboot(one, 2, 50, never)
      await driver.pressButton(one, never)
      await driver.kill(one, never)
      expect(await statusOf(one)).toMatchObject({ state: 'off', cause: 'forced', reboots: 1 })
    })

    it('ends a domain that is on its way to a reboot', async () => {
      await boot(one, 'deaf')
      await ready(one)
      const reboot = driver.reboot(one, 1, 600_000, never)
      const refused = expect(reboot).rejects.toThrow(Fault)
      await driver.kill(one, never)
      await refused
      expect(await statusOf(one)).toMatchObject({ state: 'off', cause: 'forced', reboots: 0 })
    })

    it('plugs vifs into a machine that runs, and unplugs them once its guest lets go', async () => {
      const [first, second] = [await subject.vif(one, 1), await subject.vif(one, 2)]
      const { spec, wiring } = subject.domain(one, 'obedient')
      await driver.boot({ ...spec, vifs: [first.vif] }, { ...wiring, taps: [first.tap] }, never)
      const plugged = async () => (await statusOf(one))?.vifs
      expect(await plugged()).toEqual([first.vif.id])
      await ready(one)
      await driver.plug(one, second.vif, second.tap, never)
      await driver.plug(one, second.vif, second.tap, never)
      expect(await plugged()).toEqual([first.vif.id, second.vif.id])
      await restart()
      expect(await plugged()).toEqual([first.vif.id, second.vif.id])
      await driver.unplug(one, second.vif.id, never)
      await driver.unplug(one, second.vif.id, never)
      expect(await plugged()).toEqual([first.vif.id])
      await driver.plug(one, second.vif, second.tap, never)
      expect(await plugged()).toEqual([first.vif.id, second.vif.id])
      await driver.kill(one, never)
      expect(await plugged()).toEqual([])
      await expect(driver.plug(one, second.vif, second.tap, never)).rejects.toThrow(Fault)
      await expect(driver.unplug(one, second.vif.id, never)).rejects.toThrow(Fault)
    })

    it('leaves nothing of a domain that does not start, and tries again when asked', async () => {
      await expect(boot(one, 'stillborn')).rejects.toThrow(Fault)
      expect(await subject.remainsOf(one)).toEqual([])
      expect(await driver.list(never)).toEqual([])
      await boot(one, 'obedient')
      expect(await statusOf(one)).toMatchObject({ state: 'running' })
    })

    it('leaves nothing of a start that is aborted', async () => {
      const { spec, wiring } = subject.domain(one, 'obedient')
      for (const afterMs of [0, 1, 5, 20, 50]) {
        const abort = new AbortController()
        const started = driver.boot(spec, wiring, abort.signal).then(
          () => true,
          () => false,
        )
        await delay(afterMs)
        abort.abort(new Fault('aborted'))
        if (await started) await driver.forget(one, never) // It was quicker than the abort.
        expect(await subject.remainsOf(one)).toEqual([])
        expect(await driver.list(never)).toEqual([])
      }
    })

    it('starts and ends many at once', async () => {
      const ids = Array.from({ length: subject.atOnce }, (_, index) => idOf(index + 1))
      await Promise.all(ids.map((id) => boot(id, 'obedient')))
      expect((await driver.list(never)).map((it) => [it.id, it.state])).toEqual(ids.map((id) => [id, 'running']))
      await Promise.all(ids.map((id) => driver.forget(id, never)))
      expect(await Promise.all(ids.map((id) => subject.remainsOf(id)))).toEqual(ids.map(() => []))
    })
  })
}

const never = new AbortController().signal

/** Not those of another suite that runs at the same time. */
const firstId = 10_000 + 100 * randomInt(1_000_000)
const idOf = (index: number): DomainId => `dom_${firstId + index}`
const [one, unknown] = [idOf(1), idOf(99)]

/** How often the guest has said that it is ready: once, and once after each reboot. */
async function readies(driver: HypervisorDriver, id: DomainId): Promise<number> {
  return (await driver.console(id, 64 * 1024)).toString().split('guest: ready').length - 1
}

/** Waits until `test` holds; the test's own time limit ends it otherwise. */
async function eventually(test: () => Promise<boolean>): Promise<void> {
  while (!(await test())) await delay(25)
}
