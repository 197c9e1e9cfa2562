/** How a command ended (design §6): done, failed, or used wrongly. */
export type ExitCode = 0 | 1 | 2

export interface Io {
  env: Record<string, string | undefined>
  /** What was asked for. */
  out(text: string): void
  /** Progress and complaints. */
  err(text: string): void
  now(): Date
}

export interface Given {
  /** Behind the command's own words. */
  args: string[]
  options: Record<string, string | boolean | undefined>
  json: boolean
  io: Io
}

export interface Command {
  /** As typed: `results export`. */
  name: string
  usage: string
  about: string
  /** More for --help, a line each. */
  help: string[]
  /** Beside --help and --json. */
  options: Record<string, { type: 'string' | 'boolean' }>
  run(given: Given): Promise<ExitCode>
}

/** Wrong use: printed with the usage, exit code 2. */
export class UsageError extends Error {}
/** It cannot be done, in a sentence for people: exit code 1. */
export class FailedError extends Error {}

/** Prints as people read it, or as one JSON document. */
export function print(given: Given, text: string, data: unknown): void {
  given.io.out(given.json ? JSON.stringify(data, null, 2) : text)
}
