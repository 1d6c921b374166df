/** What strategies decided in a run, kept for comparison. */
import type { Intent } from '../../domain/order.ts';
import { type EpochMicros, formatMicros } from '../../domain/time.ts';
import { differingFields, type Fields, intentFields } from '../../execution/fields.ts';
import type { ChangedDecision } from './contract.ts';

/** Beyond it a run's decisions are not compared: a thousand bytes each. */
export const DECISIONS_MAX = 100_000;

export interface Decision {
  readonly atMicros: EpochMicros;
  readonly instanceId: string;
  readonly fields: Fields;
}

/** Without what only counts events: a change of later ones must not be seen by it. */
export function decisionOf(intent: Intent): Decision {
  const { causedBy: _, ...fields } = intentFields(intent);
  return { atMicros: intent.decidedAtMicros, instanceId: intent.instanceId, fields };
}

/** The first difference, null when there is none. Decisions count as the same only at the same moment. */
export function firstChange(before: readonly Decision[], after: readonly Decision[]): ChangedDecision | null {
  for (let index = 0; index < Math.max(before.length, after.length); index += 1) {
    const was = before[index];
    const is = after[index];
    const isSameMoment = was?.atMicros === is?.atMicros;
    const fields = was === undefined || is === undefined ? [] : differingFields(was.fields, is.fields);
    if (isSameMoment && fields.length === 0) continue;
    const isEarlier = was !== undefined && is !== undefined && is.atMicros < was.atMicros;
    return {
      index: index + 1,
      at: formatMicros((isEarlier ? is : (was ?? is))!.atMicros),
      before: was?.fields ?? null,
      after: is?.fields ?? null,
      fields: isSameMoment ? fields : ['time', ...fields],
    };
  }
  return null;
}
