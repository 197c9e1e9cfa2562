/** Error numbers and names of MongoDB's `error_codes.yml`; numbers without a name are shown as `Location<code>`. */
const NAMES: Record<number, string> = {
  1: 'InternalError',
  2: 'BadValue',
  9: 'FailedToParse',
  13: 'Unauthorized',
  14: 'TypeMismatch',
  15: 'Overflow',
  16: 'InvalidLength',
  20: 'IllegalOperation',
  22: 'InvalidBSON',
  26: 'NamespaceNotFound',
  27: 'IndexNotFound',
  28: 'PathNotViable',
  34: 'BadRegex',
  40: 'ConflictingUpdateOperators',
  43: 'CursorNotFound',
  48: 'NamespaceExists',
  50: 'MaxTimeMSExpired',
  52: 'DollarPrefixedFieldName',
  53: 'InvalidIdField',
  54: 'NotSingleValueField',
  56: 'EmptyFieldName',
  59: 'CommandNotFound',
  66: 'ImmutableField',
  67: 'CannotCreateIndex',
  72: 'InvalidOptions',
  73: 'InvalidNamespace',
  79: 'UnknownReplWriteConcern',
  85: 'IndexOptionsConflict',
  86: 'IndexKeySpecsConflict',
  100: 'UnsatisfiableWriteConcern',
  115: 'CommandNotSupported',
  168: 'InvalidPipelineOperator',
  171: 'CannotIndexParallelArrays',
  175: 'QueryPlanKilled',
  197: 'InvalidIndexSpecificationOption',
  225: 'TransactionTooOld',
  238: 'NotImplemented',
  241: 'ConversionFailure',
  246: 'SnapshotUnavailable',
  292: 'QueryExceededMemoryLimitNoDiskUseAllowed',
  10334: 'BSONObjectTooLarge',
  11000: 'DuplicateKey',
  11600: 'InterruptedAtShutdown',
  11601: 'Interrupted',
  14031: 'OutOfDiskSpace',
}

export function codeName(code: number): string {
  return NAMES[code] ?? `Location${code}`
}

/** A failure that the client sees with MongoDB's own number. Everything a client can cause is one of these. */
export class MongoError extends Error {
  readonly code: number
  /** Further reply fields, such as `keyPattern` of a duplicate key. */
  readonly extra: ReadonlyMap<string, unknown>
  readonly labels: readonly string[]

  constructor(code: number, message: string, extra: ReadonlyMap<string, unknown> = new Map(), labels: string[] = []) {
    super(message)
    this.code = code
    this.extra = extra
    this.labels = labels
  }
}

export function fail(code: number, message: string): never {
  throw new MongoError(code, message)
}

/** Refuses what MongoDB has and this engine has not, so that nobody mistakes the refusal for MongoDB's own. */
export function notImplemented(thing: string): never {
  throw new MongoError(238, `[embedded-mongo] ${thing} is not implemented; set MONGODB_URI to use a MongoDB server`)
}
