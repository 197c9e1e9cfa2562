/** What a platform's adapter tells of its calls, for the figures. No person, no address, no secret. */
export interface Measure {
  /** `ok`, the platform's error code, or one of ours for calls without an answer. */
  call(code: string): void
  token(outcome: 'ok' | 'failed'): void
}

export const noMeasure: Measure = { call() {}, token() {} }
