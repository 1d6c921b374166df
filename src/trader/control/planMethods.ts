/** What the control socket offers of the table `trade_plan`: the methods behind `openbell plan`. */
import { z } from 'zod';
import type { JsonObject } from '../../domain/order.ts';
import type { PlanEditor } from '../plans/editing.ts';
import { given } from './given.ts';

const name = z.string().min(1).max(200);
const parameters = z.record(z.string(), z.json()).transform((values) => values as JsonObject);
const date = z.iso.date();
const moment = z.iso.datetime({ offset: true }).nullable();

const shapes = {
  addTradePlan: z.object({
    strategyName: name,
    portfolioId: name,
    parameters,
    startDate: date.nullable(),
    expiresAt: moment,
  }),
  changeTradePlan: z.object({
    id: name,
    parameters: parameters.exactOptional(),
    startDate: date.exactOptional(),
    expiresAt: moment.exactOptional(),
  }),
};

/** Undefined where the method is none of these. */
export function callPlanEditor(
  editor: PlanEditor,
  method: string,
  asked: Record<string, unknown>,
): Promise<unknown> | undefined {
  switch (method) {
    case 'listTradePlans':
      return editor.list();
    case 'addTradePlan':
      return editor.add(given(method, shapes.addTradePlan, asked));
    case 'changeTradePlan':
      return editor.change(given(method, shapes.changeTradePlan, asked));
    default:
      return undefined;
  }
}
