/**
 * The steps of an order's way at which a process may die: each before and after the thing is done. The desk announces
 * them on a diagnostics channel. Nobody listens there but tests, which kill the process at each step and prove that
 * nothing is lost or doubled.
 */
import { channel } from 'node:diagnostics_channel';

export const DESK_STEP_CHANNEL = 'openbell.desk.step';

export const DESK_STEPS = [
  'journal_before',
  'journal_after',
  'send_before',
  'send_after',
  'answer_before',
  'answer_after',
  'update_before',
  'update_after',
  'rows_before',
  'rows_after',
] as const;

/**
 * - `journal`: entries are written down.
 * - `send`: an order's request goes out.
 * - `answer`: the broker's answer to it is taken in.
 * - `update`: an event of the trade-updates stream is taken in.
 * - `rows`: rows are committed to the database.
 */
export type DeskStep = (typeof DESK_STEPS)[number];

export type Reach = (step: DeskStep) => void;

const steps = channel(DESK_STEP_CHANNEL);

/** Publishes the step's name, and costs nothing while nobody listens. */
export const announceStep: Reach = (step) => {
  if (steps.hasSubscribers) steps.publish(step);
};
