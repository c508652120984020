import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Heirs } from '../../heirs.ts'
import { linkChanges, type Wanted } from './links.ts'
import { routerLinks } from './router-links.ts'
import { arbitraryRouter } from './testing/arbitrary-specs.ts'
import { Kernel } from './testing/kernel.ts'

const here = '100.64.1.1'
const arbitraryLinks = arbitraryRouter.map((it) => routerLinks(it, here, new Heirs()))

it('carrying out the changes leaves nothing to change', () => {
  fc.assert(
    fc.property(arbitraryLinks, (wanted) => {
      const kernel = programmed(wanted)
      expect(linkChanges(kernel.state(), wanted)).toEqual({ prepare: [], ip: [], ip6: [], finish: [] })
    }),
  )
})

it('leads from any router to any other', () => {
  fc.assert(
    fc.property(arbitraryLinks, arbitraryLinks, (before, after) => {
      const kernel = programmed(before)
      kernel.carryOut(linkChanges(kernel.state(), after))
      expect(kernel.summary()).toEqual(programmed(after).summary())
    }),
  )
})

it('goes on wherever it was cut off', () => {
  fc.assert(
    fc.property(arbitraryLinks, arbitraryLinks, fc.nat(40), (before, after, steps) => {
      const kernel = programmed(before)
      kernel.carryOut(linkChanges(kernel.state(), after), steps)
      kernel.carryOut(linkChanges(kernel.state(), after))
      expect(kernel.summary()).toEqual(programmed(after).summary())
    }),
  )
})

function programmed(wanted: Wanted): Kernel {
  const kernel = new Kernel()
  kernel.carryOut(linkChanges(kernel.state(), wanted))
  return kernel
}
