/** Crypto pairs come without their slash in positions (`BTCUSD`) and with it in orders (protocol C.4). */

/** What crypto is priced in, longest first, so that `BTCUSDT` is not read as `BTCUSD` and a `T`. */
const QUOTE_CURRENCIES = ['USDT', 'USDC', 'USDG', 'USD', 'BTC', 'ETH'];

/** The symbol as the rest of the house knows it: `BTC/USD`, `AAPL`. */
export function normalSymbol(symbol: string, assetClass: unknown): string {
  if (assetClass !== 'crypto' || symbol.includes('/')) return symbol;
  const currency = QUOTE_CURRENCIES.find((text) => symbol.endsWith(text) && symbol.length > text.length);
  return currency === undefined ? symbol : `${symbol.slice(0, -currency.length)}/${currency}`;
}
