/** The strategy of all pipelines: reads each event's numbers, decides nothing. */
export class ReadingStrategy {
  events = 0;
  checksum = 0;

  onTrade(symbol: string, price: number, size: number): void {
    this.events += 1;
    if (price > 0) this.checksum = (this.checksum + symbol.length + size) % 1_000_003;
  }

  onQuote(symbol: string, bidPrice: number, askPrice: number): void {
    this.events += 1;
    if (askPrice > bidPrice) this.checksum = (this.checksum + symbol.length + 1) % 1_000_003;
  }
}
