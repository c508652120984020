/** How many tests passed, of what Vitest writes as its JSON report. */
export interface Count {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

/** The parts of the report that count. Source: Vitest, "Reporters", JSON. */
interface Report {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numPendingTests: number
  readonly numTodoTests: number
  /** One for each file. */
  readonly testResults: readonly {
    readonly status: string
    readonly assertionResults: readonly { readonly status: string }[]
  }[]
}

/** A run that ended without a result. */
export const crashed: Count = { passed: 0, failed: 1, skipped: 0 }

/**
 * A file that failed without a failing test (it did not load, a hook threw) is one that failed. So is a run that ends with
 * another status than 0 for no other reason: errors outside of tests are in no report.
 */
export function countOf(report: unknown, status: number): Count {
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, testResults } = report as Report
  const brokenFiles = testResults.filter(
    (it) => it.status === 'failed' && !it.assertionResults.some((test) => test.status === 'failed'),
  )
  const failed = numFailedTests + brokenFiles.length
  return {
    passed: numPassedTests,
    failed: failed === 0 && status !== 0 ? 1 : failed,
    skipped: numPendingTests + numTodoTests,
  }
}

export function sum(one: Count, other: Count): Count {
  return {
    passed: one.passed + other.passed,
    failed: one.failed + other.failed,
    skipped: one.skipped + other.skipped,
  }
}

/** `12 passed, 0 failed`, and the skipped only where there are some. */
export function lineOf({ passed, failed, skipped }: Count): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
}
