/** Alpaca's message kinds: their letter, and which fields belong to each. */
import type { AssetClass } from '../../domain/market.ts';
import { bitsOf, type SlotName, secondBitsOf } from './fields.ts';

/** What a letter in `T` means, as ASCII. */
export const Letter = {
  trade: 0x74, // t
  quote: 0x71, // q
  minuteBar: 0x62, // b
  updatedBar: 0x75, // u
  dailyBar: 0x64, // d
  status: 0x73, // s
  luld: 0x6c, // l
  cancel: 0x78, // x
  correction: 0x63, // c
  imbalance: 0x69, // i
  news: 0x6e, // n
  orderBook: 0x6f, // o
} as const;

/** The fields that a kind is known to have, as bits of both masks. */
export interface KnownFields {
  readonly first: number;
  readonly second: number;
}

function known(...names: readonly SlotName[]): KnownFields {
  return { first: bitsOf('T', 'S', 't', ...names), second: secondBitsOf(...names) };
}

const BAR = known('o', 'h', 'l', 'c', 'v', 'n', 'vw');
const NEWS = known(
  'id',
  'headline',
  'summary',
  'author',
  'created_at',
  'updated_at',
  'url',
  'content',
  'symbols',
  'source',
);

/** The kinds of an asset class, by letter; a letter that is missing is unknown there. */
export function kindsOf(assetClass: AssetClass): readonly (KnownFields | undefined)[] {
  const kinds: (KnownFields | undefined)[] = Array.from({ length: 256 }, () => undefined);
  kinds[Letter.minuteBar] = BAR;
  kinds[Letter.updatedBar] = BAR;
  kinds[Letter.dailyBar] = BAR;
  kinds[Letter.news] = NEWS;
  if (assetClass === 'crypto') {
    kinds[Letter.trade] = known('i', 'p', 's', 'tks');
    kinds[Letter.quote] = known('bp', 'bs', 'ap', 'as');
    kinds[Letter.orderBook] = known('b', 'a', 'r');
    return kinds;
  }
  kinds[Letter.trade] = known('i', 'x', 'p', 's', 'c', 'z');
  kinds[Letter.quote] = known('bx', 'bp', 'bs', 'ax', 'ap', 'as', 'c', 'z');
  kinds[Letter.status] = known('sc', 'sm', 'rc', 'rm', 'z');
  kinds[Letter.luld] = known('u', 'd', 'i', 'z');
  kinds[Letter.cancel] = known('i', 'x', 'p', 's', 'a', 'z');
  kinds[Letter.correction] = known('x', 'oi', 'op', 'os', 'oc', 'ci', 'cp', 'cs', 'cc', 'z');
  kinds[Letter.imbalance] = known('p', 'z');
  return kinds;
}
