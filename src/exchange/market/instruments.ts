/** What is traded here, and each instrument's character on the synthetic market. */
import { seededRandom, seedFromText } from '../../clock/chance.ts';
import { isCrypto } from './events.ts';

/** How a price likes to move: in runs, around a slow middle, or some of both. */
export type Temper = 'trending' | 'reverting' | 'mixed';

export interface Listing {
  readonly symbol: string;
  readonly name: string;
  readonly assetClass: 'us_equity' | 'crypto';
  readonly exchange: string;
  /** `A` NYSE, `B` Arca and regional, `C` Nasdaq; empty for crypto. */
  readonly tape: string;
  readonly assetId: string;
  /** Where the synthetic price starts, twenty days before the session. */
  readonly basePrice: number;
  readonly annualVolatility: number;
  readonly temper: Temper;
  /** Share of the market's events, relative to the others'. */
  readonly weight: number;
}

/** symbol, name, exchange, price, annual volatility in percent, temper, weight */
const KNOWN: readonly (readonly [string, string, string, number, number, Temper, number])[] = [
  ['AAPL', 'Apple Inc. Common Stock', 'NASDAQ', 231, 55, 'trending', 2],
  ['MSFT', 'Microsoft Corporation Common Stock', 'NASDAQ', 428, 50, 'reverting', 1.5],
  ['NVDA', 'NVIDIA Corporation Common Stock', 'NASDAQ', 142, 85, 'trending', 2.5],
  ['AMZN', 'Amazon.com, Inc. Common Stock', 'NASDAQ', 204, 60, 'mixed', 1.5],
  ['GOOGL', 'Alphabet Inc. Class A Common Stock', 'NASDAQ', 171, 55, 'reverting', 1.2],
  ['META', 'Meta Platforms, Inc. Class A Common Stock', 'NASDAQ', 561, 65, 'trending', 1.2],
  ['TSLA', 'Tesla, Inc. Common Stock', 'NASDAQ', 342, 95, 'trending', 2.5],
  ['AMD', 'Advanced Micro Devices, Inc. Common Stock', 'NASDAQ', 138, 80, 'reverting', 1.5],
  ['NFLX', 'Netflix, Inc. Common Stock', 'NASDAQ', 88, 60, 'mixed', 0.8],
  ['INTC', 'Intel Corporation Common Stock', 'NASDAQ', 24.5, 75, 'trending', 1],
  ['JPM', 'JPMorgan Chase & Co.', 'NYSE', 245, 40, 'reverting', 0.7],
  ['BAC', 'Bank of America Corporation', 'NYSE', 46, 45, 'mixed', 0.8],
  ['KO', 'Coca-Cola Company', 'NYSE', 63, 35, 'reverting', 0.5],
  ['DIS', 'Walt Disney Company', 'NYSE', 114, 50, 'mixed', 0.6],
  ['F', 'Ford Motor Company', 'NYSE', 11.2, 60, 'reverting', 0.8],
  ['IBM', 'International Business Machines Corporation', 'NYSE', 222, 45, 'reverting', 0.5],
  ['BA', 'Boeing Company', 'NYSE', 149, 70, 'trending', 0.6],
  ['XOM', 'Exxon Mobil Corporation', 'NYSE', 121, 45, 'mixed', 0.7],
  ['SPY', 'SPDR S&P 500 ETF Trust', 'ARCA', 590, 35, 'mixed', 2],
  ['QQQ', 'Invesco QQQ Trust, Series 1', 'NASDAQ', 503, 45, 'reverting', 1.5],
  ['FAKEPACA', 'Test stream symbol', 'NASDAQ', 133, 40, 'mixed', 0.2],
  ['BTC/USD', 'Bitcoin / US Dollar', 'CRYPTO', 98_000, 80, 'trending', 2],
  ['ETH/USD', 'Ethereum / US Dollar', 'CRYPTO', 3_350, 95, 'reverting', 1.5],
  ['SOL/USD', 'Solana / US Dollar', 'CRYPTO', 255, 110, 'trending', 1],
  ['DOGE/USD', 'Dogecoin / US Dollar', 'CRYPTO', 0.39, 120, 'mixed', 1],
];

/** The test stream's one symbol: always listed, served on `/v2/test`. */
export const TEST_SYMBOL = 'FAKEPACA';

export const DEFAULT_SYMBOLS: readonly string[] = KNOWN.map(([symbol]) => symbol).filter(
  (symbol) => !isCrypto(symbol) && symbol !== TEST_SYMBOL,
);

const TAPE_BY_EXCHANGE: Readonly<Record<string, string>> = { NYSE: 'A', ARCA: 'B', NASDAQ: 'C', CRYPTO: '' };
const TEMPERS: readonly Temper[] = ['trending', 'reverting', 'mixed'];

/** A known instrument as it is, an unknown one with a character drawn from the seed. */
export function listingOf(symbol: string, seed: number): Listing {
  const known = KNOWN.find(([name]) => name === symbol);
  const random = seededRandom(seedFromText(`${seed}/${symbol}/listing`));
  const exchange = known?.[2] ?? (isCrypto(symbol) ? 'CRYPTO' : 'NASDAQ');
  return {
    symbol,
    name: known?.[1] ?? (isCrypto(symbol) ? `${symbol.replace('/', ' / ')} pair` : `${symbol} Common Stock`),
    assetClass: isCrypto(symbol) ? 'crypto' : 'us_equity',
    exchange,
    tape: TAPE_BY_EXCHANGE[exchange] ?? '',
    assetId: assetIdOf(symbol),
    basePrice: known?.[3] ?? Math.round((15 + random() * 300) * 100) / 100,
    annualVolatility: (known?.[4] ?? 40 + random() * 50) / 100,
    temper: known?.[5] ?? TEMPERS[Math.floor(random() * TEMPERS.length)] ?? 'mixed',
    weight: known?.[6] ?? 1,
  };
}

/** An id that is the same in every run, in the form of a UUID. */
function assetIdOf(symbol: string): string {
  const part = (salt: string) => seedFromText(`asset/${salt}/${symbol}`).toString(16).padStart(8, '0');
  const hex = part('1') + part('2') + part('3') + part('4');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** Smallest step of a price. Stocks: the rule for quotes, 0.01 from a dollar on and 0.0001 below. */
export function tickOf(symbol: string, price: number): number {
  if (!isCrypto(symbol)) return price >= 1 ? 0.01 : 0.0001;
  if (price >= 1_000) return 0.01;
  return price >= 1 ? 0.001 : 0.00001;
}

/** The instrument as `/v2/assets` shows it. */
export function assetJson(listing: Listing, shortingEnabled: boolean): Record<string, unknown> {
  const isStock = listing.assetClass === 'us_equity';
  return {
    id: listing.assetId,
    class: listing.assetClass,
    exchange: listing.exchange,
    symbol: listing.symbol,
    name: listing.name,
    status: 'active',
    tradable: true,
    marginable: isStock,
    shortable: isStock && shortingEnabled,
    easy_to_borrow: isStock && shortingEnabled,
    fractionable: true,
    maintenance_margin_requirement: isStock ? 30 : 100,
    margin_requirement_long: isStock ? '30' : '100',
    margin_requirement_short: isStock ? '30' : '100',
    attributes: isStock ? ['fractional_eh_enabled'] : [],
    ...(isStock
      ? {}
      : {
          min_order_size: '0.000000001',
          min_trade_increment: '0.000000001',
          price_increment: String(tickOf(listing.symbol, listing.basePrice)),
        }),
  };
}
