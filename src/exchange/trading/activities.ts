/** The account's executions, as `/v2/account/activities` lists them. */
import { formatDecimal, subtract } from '../../domain/decimal.ts';
import type { EpochMicros } from '../../domain/time.ts';
import { NEW_YORK } from '../market/sessions.ts';
import { localParts } from '../market/zones.ts';
import type { ExchangeLimits } from '../options.ts';
import { formatTime } from '../streams/wire.ts';
import type { ExchangeOrder } from './orders.ts';
import type { ExecutionReport } from './reports.ts';

export interface Activity {
  readonly atMicros: EpochMicros;
  readonly date: string;
  readonly json: { readonly id: string; readonly [field: string]: unknown };
}

export interface ActivityQuery {
  readonly after: EpochMicros | null;
  readonly until: EpochMicros | null;
  readonly date: string | null;
  readonly direction: 'asc' | 'desc';
  readonly pageSize: number;
  /** Id of the last item received. */
  readonly pageToken: string | null;
}

export class Activities {
  #activities: Activity[] = [];
  readonly #activitiesMax: number;

  constructor(limits: ExchangeLimits) {
    this.#activitiesMax = limits.activitiesMax;
  }

  add(order: ExchangeOrder, execution: ExecutionReport, atMicros: EpochMicros): void {
    const { date } = localParts(NEW_YORK, atMicros);
    const leaves =
      order.quantity === null ? '0' : formatDecimal(subtract(order.quantity, order.filledQuantity));
    const isComplete = order.status === 'filled';
    this.#activities.push({
      atMicros,
      date,
      json: {
        id: `${date.replaceAll('-', '')}000000000::${execution.id}`,
        activity_type: 'FILL',
        transaction_time: formatTime(atMicros),
        type: isComplete ? 'fill' : 'partial_fill',
        price: formatDecimal(execution.price),
        qty: formatDecimal(execution.quantity),
        side: order.side,
        symbol: order.symbol,
        leaves_qty: leaves,
        cum_qty: formatDecimal(order.filledQuantity),
        order_id: order.id,
        order_status: isComplete ? 'filled' : 'partially_filled',
      },
    });
    if (this.#activities.length > this.#activitiesMax) {
      this.#activities = this.#activities.slice(-Math.ceil(this.#activitiesMax * 0.9));
    }
  }

  /** An execution that was taken back is not listed any more. */
  remove(executionId: string): void {
    this.#activities = this.#activities.filter(({ json }) => json.id.split('::')[1] !== executionId);
  }

  list(query: ActivityQuery): Record<string, unknown>[] {
    const matching = this.#activities.filter(
      (activity) =>
        (query.after === null || activity.atMicros > query.after) &&
        (query.until === null || activity.atMicros < query.until) &&
        (query.date === null || activity.date === query.date),
    );
    const ordered = query.direction === 'asc' ? matching : matching.reverse();
    const from = ordered.findIndex((activity) => activity.json.id === query.pageToken) + 1;
    return ordered.slice(from, from + query.pageSize).map((activity) => activity.json);
  }
}
