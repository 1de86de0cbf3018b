/** A Cedar decimal: an integer count of ten-thousandths, within 64 bits. */
export interface Decimal {
  readonly scaled: bigint;
  /** As Cedar's constructor reads it: `50.0`. */
  readonly text: string;
}

const limit = 2n ** 63n;

/** Reads what Cedar's `decimal(...)` reads: digits, a point, one to four digits. */
export function parseDecimal(text: string): Decimal | undefined {
  const parts = /^(-?)(\d+)\.(\d{1,4})$/.exec(text);
  if (parts === null) return undefined;
  const [, sign, whole = '', fraction = ''] = parts;
  const magnitude = BigInt(whole + fraction.padEnd(4, '0'));
  const scaled = sign === '-' ? -magnitude : magnitude;
  return scaled >= -limit && scaled < limit ? { scaled, text } : undefined;
}

/** The decimal that equals a JSON number exactly as it is written shortest; none when it needs more than 4 decimals. */
export function decimalOf(value: number): Decimal | undefined {
  const shortest = String(value);
  return parseDecimal(/^-?\d+$/.test(shortest) ? `${shortest}.0` : shortest);
}
