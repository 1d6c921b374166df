// biome-ignore-all lint/suspicious/noTemplateCurlyInString: such texts are what this is about.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parseTradeplan } from '../../src/tradeplan/load.ts';
import { prepare } from '../../src/trader/preparation.ts';

const folder = mkdtempSync(join(tmpdir(), 'openbell-variables-'));
afterAll(() => rmSync(folder, { recursive: true }));

const textOf = (parameters: string) =>
  `mode: simulated\nstrategies:\n  - name: momentum-long\n    symbols: [AAPL]\n    parameters: ${parameters}\n`;
const parse = (parameters: string, env: Record<string, string> = {}) =>
  parseTradeplan(textOf(parameters), '/plan.yaml', env);
const parametersOf = (parameters: string, env: Record<string, string> = {}) => {
  const result = parse(parameters, env);
  return result.ok ? result.plan.strategies[0]?.parameters : result.violations;
};
const ENV = { OPENBELL_RISK: '25', OPENBELL_MARKET: '[TRUE, SPY]', OPENBELL_EMPTY: '', SECRET_KEY: 'hidden' };

describe('parameters out of the environment', () => {
  it.each<[string, string, unknown]>([
    ['a number', '{ riskPerTrade: "${OPENBELL_RISK}" }', { riskPerTrade: 25 }],
    ['a number without quotes', '\n      riskPerTrade: ${OPENBELL_RISK}', { riskPerTrade: 25 }],
    ['a default that is not needed', '{ riskPerTrade: "${OPENBELL_RISK:-5}" }', { riskPerTrade: 25 }],
    ['a default for what is not set', '{ riskPerTrade: "${OPENBELL_OTHER:-0.5}" }', { riskPerTrade: 0.5 }],
    ['a default for what is empty', '{ wholeShares: "${OPENBELL_EMPTY:-false}" }', { wholeShares: false }],
    ['a list', '{ a: { b: ["${OPENBELL_MARKET}", x] } }', { a: { b: [[true, 'SPY'], 'x'] } }],
    [
      'text that is none',
      '{ a: "$OPENBELL_RISK", b: "at ${OPENBELL_RISK}" }',
      { a: '$OPENBELL_RISK', b: 'at ${OPENBELL_RISK}' },
    ],
  ])('are %s', (_name, written, expected) => {
    expect(parametersOf(written, ENV)).toEqual(expected);
  });

  it('are those of scanners and miners, too, and of nothing else in the plan', () => {
    const text = `mode: simulated
scanners: { movers: { name: momentum, parameters: { min_volume: "\${OPENBELL_RISK}" } } }
miners: { gain-loss: { parameters: { days: "\${OPENBELL_RISK}" } } }
strategies: [{ name: momentum-long, symbols: [AAPL], id: "\${OPENBELL_RISK}" }]`;
    expect(parseTradeplan(text, '/plan.yaml', ENV)).toMatchObject({
      ok: false,
      violations: [{ path: 'strategies[0].id' }],
    });
    expect(parseTradeplan(text.replace(/, id: [^}]*\}"/, ''), '/plan.yaml', ENV)).toMatchObject({
      ok: true,
      plan: { scanners: [{ parameters: { min_volume: 25 } }], miners: [{ parameters: { days: 25 } }] },
    });
  });

  it.each([
    [
      'is not set',
      '${OPENBELL_OTHER}',
      'a variable OPENBELL_OTHER that is set, or a default: ${OPENBELL_OTHER:-5}',
    ],
    [
      'is empty',
      '${OPENBELL_EMPTY}',
      'a variable OPENBELL_EMPTY that is set, or a default: ${OPENBELL_EMPTY:-5}',
    ],
    [
      'may be a secret',
      '${SECRET_KEY}',
      'a variable whose name begins with OPENBELL_, such as ${OPENBELL_RISK}',
    ],
    ['has no name', '${}', 'a variable whose name begins with OPENBELL_, such as ${OPENBELL_RISK}'],
    [
      'holds no value',
      '${OPENBELL_X:-[5}',
      'a variable OPENBELL_X that holds a value, as it would stand in the plan',
    ],
  ])('are refused with path and line where the variable %s', (_name, written, allowed) => {
    expect(parametersOf(`{ riskPerTrade: "${written}" }`, ENV)).toEqual([
      { path: 'strategies[0].parameters.riskPerTrade', found: JSON.stringify(written), allowed, line: 5 },
    ]);
  });

  it('are checked by the strategy as any others, when a daemon prepares its plan', async () => {
    const planPath = join(folder, 'plan.yaml');
    writeFileSync(planPath, textOf('{ riskPerTrade: "${OPENBELL_RISK}" }'));
    const prepared = (OPENBELL_RISK: string) =>
      prepare({ planPath, env: { OPENBELL_RISK }, isLiveFlagSet: false, options: { dataDirectory: folder } });
    expect((await prepared('12.5')).instances[0]?.parameters).toMatchObject({ riskPerTrade: 12.5 });
    await expect(prepared('much')).rejects.toMatchObject({
      exitCode: 2,
      violations: [{ path: 'strategies[0].parameters.riskPerTrade' }],
    });
  });
});
