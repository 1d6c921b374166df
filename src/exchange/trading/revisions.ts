/** Executions that are taken back, or corrected by a cent, a while after they were told: when the faults want it. */
import { newId } from '../../clock/chance.ts';
import { add, type Decimal, decimal, isZero, multiply, subtract } from '../../domain/decimal.ts';
import type { ExchangeOrder } from './orders.ts';
import type { ExecutionReport } from './reports.ts';
import type { VenueOptions } from './venue.ts';

const DELAY_MS = 250;
const CENT = decimal('0.01');

type Tell = (event: string, order: ExchangeOrder, execution: ExecutionReport) => void;

export class Revisions {
  readonly #options: VenueOptions;
  readonly #tell: Tell;

  constructor(options: VenueOptions, tell: Tell) {
    this.#options = options;
    this.#tell = tell;
  }

  /** Draws what becomes of an execution that was just booked. */
  after(order: ExchangeOrder, execution: ExecutionReport): void {
    const { clock, faults, random } = this.#options;
    const { bustProbability, correctProbability } = faults.current;
    if (bustProbability + correctProbability === 0) return;
    const chance = random();
    if (chance >= bustProbability + correctProbability) return;
    clock.after(DELAY_MS, () =>
      chance < bustProbability ? this.#bust(order, execution) : this.#correct(order, execution),
    );
  }

  #bust(order: ExchangeOrder, execution: ExecutionReport): void {
    const positionQuantity = this.#takeBack(order, execution);
    const { price, quantity } = execution;
    if (order.status === 'partially_filled' && isZero(order.filledQuantity)) order.status = 'new';
    this.#tell('trade_bust', order, {
      id: newId(),
      price,
      quantity,
      positionQuantity,
      previousId: execution.id,
    });
  }

  #correct(order: ExchangeOrder, execution: ExecutionReport): void {
    const { activities, clock, ledger } = this.#options;
    this.#takeBack(order, execution);
    const { quantity } = execution;
    const { symbol, side } = order;
    const price = add(execution.price, CENT);
    const atMicros = clock.nowMicros();
    order.filledQuantity = add(order.filledQuantity, quantity);
    order.filledNotional = add(order.filledNotional, multiply(price, quantity));
    const positionQuantity = ledger.book({ symbol, side, quantity, price, atMicros });
    const report = { id: newId(), price, quantity, positionQuantity, previousId: execution.id };
    activities.add(order, report, atMicros);
    this.#tell('trade_correct', order, report);
  }

  /** As if it had not been; answers the position without it. */
  #takeBack(order: ExchangeOrder, { id, price, quantity }: ExecutionReport): Decimal {
    const { activities, clock, ledger } = this.#options;
    order.filledQuantity = subtract(order.filledQuantity, quantity);
    order.filledNotional = subtract(order.filledNotional, multiply(price, quantity));
    activities.remove(id);
    const side = order.side === 'buy' ? 'sell' : 'buy';
    return ledger.book({ symbol: order.symbol, side, quantity, price, atMicros: clock.nowMicros() });
  }
}
