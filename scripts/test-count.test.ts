import { describe, expect, test } from 'vitest'
import { countOf, crashed, lineOf, sum } from './test-count.ts'

const report = { numPassedTests: 3, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0, testResults: [] }
const file = (status: string, ...tests: string[]) => ({ status, assertionResults: tests.map((it) => ({ status: it })) })

describe('a count', () => {
  test('is that of the report', () => {
    const counted = countOf({ ...report, numFailedTests: 2, numPendingTests: 1, numTodoTests: 1 }, 1)
    expect(counted).toEqual({ passed: 3, failed: 2, skipped: 2 })
  })

  test('has a file that did not load as one that failed', () => {
    const testResults = [file('failed'), file('failed', 'passed', 'failed'), file('passed', 'passed')]
    expect(countOf({ ...report, numFailedTests: 1, testResults }, 1).failed).toBe(2)
  })

  test('has one that failed when nothing else explains the status', () => {
    expect(countOf(report, 1).failed).toBe(1)
    expect(countOf(report, 0).failed).toBe(0)
  })

  test('adds up, and names what was skipped only where something was', () => {
    expect(lineOf(sum(countOf(report, 0), crashed))).toBe('3 passed, 1 failed')
    expect(lineOf({ passed: 0, failed: 0, skipped: 4 })).toBe('0 passed, 0 failed, 4 skipped')
  })
})
