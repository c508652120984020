import type { DomainId } from './ids.ts'

/** First of the 50,000 numeric user ids that guest processes run under; no entry of /etc/passwd has them. */
const firstUser = 1_600_000_000
const users = 50_000
/** Those that come after them are of machines that stand by. */
const usersOfStandbys = 10_000

/** Every user id that a guest's process may have. */
export const guestUsers = { first: firstUser, last: firstUser + users + usersOfStandbys - 1 } as const

/** The sequence number in a domain's id. */
export function numberOfDomain(id: DomainId): number {
  return Number(id.slice('dom_'.length))
}

/** The unprivileged user (and group) id of a domain's process, its disks and its taps. */
export function userOfDomain(id: DomainId): number {
  return firstUser + (numberOfDomain(id) % users)
}

/** The same of a machine that is not a domain yet, by a number of its own; it keeps it when it becomes one. */
export function userOfStandby(number: number): number {
  return firstUser + users + (number % usersOfStandbys)
}
