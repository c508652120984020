/** Going into network namespaces, and making and removing them. All of it is this thread's alone. */
import { closeSync, mkdirSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { Fault, systemCode } from './fault.ts'
import { checked, libc } from './libc.ts'

/** The name of a network namespace; `undefined` is the one that we are in ourselves. */
export type Namespace = string | undefined

/** Where namespaces have names. Source: ip-netns(8). */
export const directory = '/run/netns'

/** Source: Linux, include/uapi/linux/sched.h and mount.h. */
const CLONE_NEWNET = 0x40000000
const MS_BIND = 4096n
const MS_REC = 16384n
const MS_SHARED = 1n << 20n
const MNT_DETACH = 2

/**
 * What `work` gives inside the namespace of this name. It must not wait: whatever else this thread does meanwhile would be
 * inside too. Sockets that it makes stay there; a thread or a process that it starts begins there.
 */
export function inside<T>(namespace: Namespace, work: () => NotWaiting<T>): T {
  if (namespace === undefined) return work() as T
  const there = openSync(`${directory}/${namespace}`, 'r')
  try {
    return between(
      () => checked(`entering ${namespace}`, libc().setns(there, CLONE_NEWNET)),
      () => work() as T,
    )
  } finally {
    closeSync(there)
  }
}

type NotWaiting<T> = T extends PromiseLike<unknown> ? never : T

/** Makes a namespace of this name; there is none, not even a file. */
export function makeInside(namespace: string): void {
  shareDirectory()
  const file = `${directory}/${namespace}`
  writeFileSync(file, '', { flag: 'wx', mode: 0 })
  try {
    between(
      () => checked('unshare', libc().unshare(CLONE_NEWNET)),
      // Of this thread: /proc/self is the first one of the process.
      () => bind(`/proc/self/task/${libc().gettid()}/ns/net`, file, MS_BIND),
    )
  } catch (cause) {
    rmSync(file)
    throw cause
  }
}

/** Takes the name away; the namespace goes with it, unless somebody is inside. */
export function removeName(namespace: string): void {
  const file = `${directory}/${namespace}`
  checked(`unmounting ${file}`, libc().umount2(file, MNT_DETACH))
  rmSync(file)
}

/** Does `work` between going away and coming back. A thread that cannot come back must not go on. */
function between<T>(go: () => void, work: () => T): T {
  const home = openSync('/proc/thread-self/ns/net', 'r')
  try {
    go()
    try {
      return work()
    } finally {
      if (libc().setns(home, CLONE_NEWNET) !== 0) process.abort()
    }
  } finally {
    closeSync(home)
  }
}

/** Names that are made or removed in one mount namespace are so in all. Source: iproute2, ip/ipnetns.c, create_netns_dir. */
function shareDirectory(): void {
  try {
    mkdirSync(directory, { mode: 0o755 })
  } catch (cause) {
    if (systemCode(cause) !== 'EEXIST') throw new Fault(`cannot make ${directory}`, { cause })
  }
  if (libc().mount('', directory, 'none', MS_SHARED | MS_REC, 0n) === 0) return
  bind(directory, directory, MS_BIND | MS_REC)
  bind('', directory, MS_SHARED | MS_REC)
}

function bind(from: string, to: string, flags: bigint): void {
  checked(`mounting ${to}`, libc().mount(from, to, 'none', flags, 0n))
}
