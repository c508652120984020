import { basename } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ec2Actions } from '../../src/ec2/index.ts'
import { loadModel } from '../../src/query/model/load.ts'
import { clientOf, type Service } from '../../src/query/model/snapshot.ts'
import { stsActions } from '../../src/sts/index.ts'
import { importsOf } from './imports.ts'
import { filesOf, nodesOf, root } from './project.ts'

const services: Readonly<Record<Service, readonly { readonly name: string }[]>> = { ec2: ec2Actions, sts: stsActions }

describe.each(Object.keys(clientOf) as Service[])('the index of %s', (service) => {
  const files = filesOf(`src/${service}/actions/**/*.ts`).filter((it) => !it.endsWith('.test.ts'))
  const imported = importsOf(`src/${service}/index.ts`).flatMap((it) => it.file ?? [])
  const served = services[service].map((it) => it.name)

  it('has every file of actions, and no other', () => {
    expect(imported.filter((it) => it.startsWith(`src/${service}/actions/`)).sort()).toEqual(files)
  })

  it('serves what its files are named after', () => {
    expect(served.toSorted()).toEqual(files.map((it) => basename(it, '.ts')).sort())
  })

  it('serves nothing twice', () => {
    expect(served).toEqual([...new Set(served)])
  })

  it('serves only what the official model has', async () => {
    const { operations } = await loadModel(service, `${root}/.cache`)
    expect(served.filter((it) => !(it in operations))).toEqual([])
  })

  it.each(files)('%s exports the action that it is named after, and nothing else', (file) => {
    const exported = nodesOf(file).filter((it) => it.type.startsWith('Export'))
    const names = exported.map((it) => JSON.stringify(it).match(/"declarations":\[.*?"id":\{[^}]*"name":"(\w+)"/)?.[1])
    expect(names).toEqual([basename(file, '.ts')])
  })
})
