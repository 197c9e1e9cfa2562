/** Performance pay of the company, domain.md §6 (篇九). */
export interface PaySettings {
  /** What a grade multiplies the base with. */
  coefficients: Readonly<Record<string, number>>
  /** Yuan a month for each kind. */
  allowances: Readonly<Record<string, number>>
}

/** Of several kinds the highest one counts, they do not add up (domain.md §6); of equal ones the one named first. */
export function highestAllowance(
  kinds: readonly string[],
  amounts: PaySettings['allowances'],
): { kind: string; yuan: number } | undefined {
  let highest: { kind: string; yuan: number } | undefined
  for (const kind of kinds) {
    const yuan = amounts[kind]
    if (yuan !== undefined && (highest === undefined || yuan > highest.yuan)) highest = { kind, yuan }
  }
  return highest
}
