import { describe, expect, it } from 'vitest';
import { newSeed } from '../../src/clock/chance.ts';
import { DESK_STEPS } from '../../src/desk/steps.ts';
import { type RunOptions, run } from './simulator/world.ts';

/** Set by `npm run test:kill -- --runs 300 --seed N`. */
const RUNS = Number(process.env.OPENBELL_SIMULATOR_RUNS ?? 10);
const FIRST_SEED = Number(process.env.OPENBELL_KILL_SEED ?? newSeed());
/** `--soak 168` is a week. */
const SOAK_HOURS = Number(process.env.OPENBELL_SOAK_HOURS ?? 1);
const RUN_MS_MAX = 20_000;

async function prove(options: RunOptions) {
  const result = await run(options);
  const { seed } = options;
  expect(result.differences, `again with: npm run test:kill -- --runs 1 --seed ${seed}`).toEqual([]);
  return result;
}

describe('a desk that is hit by everything', () => {
  it(
    `and killed at any moment loses, doubles and invents nothing (${RUNS} runs from seed ${FIRST_SEED})`,
    async () => {
      const total = { orders: 0, replaced: 0, exits: 0, fills: 0, kills: 0 };
      for (let seed = FIRST_SEED; seed < FIRST_SEED + RUNS; seed += 1) {
        const { orders, replaced, exits, fills, kills } = await prove({ seed });
        total.exits += exits;
        total.orders += orders;
        total.replaced += replaced;
        total.fills += fills;
        total.kills += kills.length;
      }
      process.stdout.write(`${RUNS} runs from seed ${FIRST_SEED}: ${JSON.stringify(total)}\n`);
    },
    20_000 + RUNS * RUN_MS_MAX,
  );

  it(
    `for ${SOAK_HOURS} hours on end does not drift`,
    async () => {
      const seed = FIRST_SEED;
      const tradingMs = SOAK_HOURS * 3_600_000;
      const pace = { actEveryMs: 20_000, tickMs: 2_000, kills: Math.ceil(SOAK_HOURS / 2) };
      const { orders, fills } = await prove({ seed, tradingMs, ...pace });
      process.stdout.write(`${SOAK_HOURS} hours from seed ${seed}: ${JSON.stringify({ orders, fills })}\n`);
    },
    20_000 + SOAK_HOURS * RUN_MS_MAX,
  );

  it.each(DESK_STEPS)('and killed at %s loses, doubles and invents nothing', async (step) => {
    let kills: readonly string[] = [];
    // Now and then a run never comes to the step: its disk is full, or it is halted all the time.
    for (let seed = newSeed(); !kills.includes(step); seed += 1) {
      ({ kills } = await prove({ seed, step, kills: 4, tradingMs: 30_000 }));
    }
  });
});
