/** Chooses the provider that a configuration names. */
import { AlpacaHistoryProvider } from './alpaca/history.ts';
import { AlpacaMarketStream } from './alpaca/stream.ts';
import type { ProviderConfig } from './config.ts';
import type { HistoryProvider, MarketStream, ProviderContext } from './contract.ts';

export function createMarketStream(config: ProviderConfig, context: ProviderContext): MarketStream {
  switch (config.provider) {
    case 'alpaca':
      return new AlpacaMarketStream(config, context);
  }
}

export function createHistoryProvider(config: ProviderConfig, context: ProviderContext): HistoryProvider {
  switch (config.provider) {
    case 'alpaca':
      return new AlpacaHistoryProvider(config, context);
  }
}
