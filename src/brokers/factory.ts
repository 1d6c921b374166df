/** Chooses the broker that a configuration names. */
import { AlpacaBroker } from './alpaca/broker.ts';
import type { BrokerConfig } from './config.ts';
import type { Broker, BrokerContext } from './contract.ts';
import { PaperBroker } from './paper/broker.ts';

export function createBroker(config: BrokerConfig, context: BrokerContext): Broker {
  switch (config.broker) {
    case 'alpaca':
      return new AlpacaBroker(config, context);
    case 'paper':
      return new PaperBroker(config, context);
  }
}
