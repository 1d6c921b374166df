/** Plain data as JSON for people and machines: amounts become text, nothing else changes. */
import { type Decimal, formatDecimal } from '../../domain/decimal.ts';

/** JSON text of any plain value; bigints are {@link Decimal} amounts everywhere in the house. */
export function plainJson(value: unknown, indent?: number): string {
  return JSON.stringify(
    value,
    (_key, inner) => (typeof inner === 'bigint' ? formatDecimal(inner as Decimal) : inner),
    indent,
  );
}
