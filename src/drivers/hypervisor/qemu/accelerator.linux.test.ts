import { expect, it } from 'vitest'
import { bootTrial, trialKey } from './accelerator.ts'

it('chooses an accelerator with which a guest has spoken', async () => {
  const { accelerator, why } = await bootTrial(new AbortController().signal)
  expect(['kvm', 'tcg']).toContain(accelerator)
  expect(why).not.toBe('')
})

it('ends when it is told to', async () => {
  await expect(bootTrial(AbortSignal.timeout(1))).rejects.toThrow('aborted due to timeout')
})

it('names what the result depends on', async () => {
  expect(await trialKey()).toMatch(/QEMU emulator version .*; kvm /)
})
