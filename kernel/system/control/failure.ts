import type { Failure } from '../../contract/control.ts'

/** What code that came from the host has thrown: its stack is for the host, ours would only mislead. */
export class EvaluationError extends Error {
  readonly failure: Failure

  constructor(failure: Failure) {
    super(failure.message)
    this.failure = failure
  }
}

/** What was thrown, as it is sent. */
export function failureOf(error: unknown): Failure {
  if (error instanceof EvaluationError) return error.failure
  return { message: error instanceof Error ? error.message : String(error) }
}
