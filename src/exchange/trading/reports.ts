/** What the venue tells of an order, and what may be changed of one. */
import type { Decimal } from '../../domain/decimal.ts';
import type { EpochMicros } from '../../domain/time.ts';
import type { ExchangeOrder } from './orders.ts';

export interface ExecutionReport {
  readonly id: string;
  readonly price: Decimal;
  readonly quantity: Decimal;
  /** The position after it, signed. */
  readonly positionQuantity: Decimal;
  /** The execution that this one takes back, or stands instead of. */
  readonly previousId?: string;
}

/** One step in an order's life; the order is as it stands right after it. */
export interface OrderUpdate {
  readonly event: string;
  readonly order: ExchangeOrder;
  readonly execution: ExecutionReport | null;
  readonly atMicros: EpochMicros;
}

export interface ReplaceChanges {
  readonly quantity?: Decimal;
  readonly limitPrice?: Decimal;
  readonly stopPrice?: Decimal;
  readonly trail?: Decimal;
  readonly timeInForce?: ExchangeOrder['timeInForce'];
  readonly clientOrderId?: string;
}
