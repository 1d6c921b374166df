/** `openbell check`: everything that is wrong with plan, environment, strategies, database and broker, all at once. */
import { Command } from 'commander';
import { createBroker } from '../../brokers/factory.ts';
import { newSeed, seededRandom } from '../../clock/chance.ts';
import { liveClock } from '../../clock/live.ts';
import { formatDecimal } from '../../domain/decimal.ts';
import {
  EXIT_DONE,
  EXIT_UNREACHABLE,
  EXIT_USAGE,
  type ExitCode,
  UserError,
  type Violation,
} from '../../domain/exit.ts';
import type { PortfolioStores } from '../../models/portfolios.ts';
import { silentLog } from '../../observability/log.ts';
import { type Advice, adviceOn, adviceOnAccount } from '../../tradeplan/advice.ts';
import { brokerConfigOf } from '../../trader/configuration.ts';
import { connectControl } from '../../trader/control/control.ts';
import { checkPortfolios } from '../../trader/portfolios.ts';
import { completedPlan, type Preparation, prepare } from '../../trader/preparation.ts';
import { withDatabase } from '../database.ts';
import { reportFailure } from '../failure.ts';
import {
  DEFAULT_PLAN,
  dataDirectoryOption,
  jsonOption,
  type StorageOptions,
  storageOptions,
} from '../options.ts';
import { print, printJson } from '../output.ts';
import { withPortfolios } from '../stored.ts';

interface Options extends StorageOptions {
  readonly live?: boolean;
  readonly json?: boolean;
}

interface Finding {
  readonly what: string;
  readonly ok: boolean;
  readonly detail: string;
  readonly remedy: string;
  readonly exitCode: ExitCode | typeof EXIT_DONE;
  readonly violations: readonly Violation[];
}

export function checkCommand(): Command {
  return new Command('check')
    .argument('[plan]', 'the tradeplan', DEFAULT_PLAN)
    .option('--live', 'check as `openbell trade --live` would start')
    .addOption(dataDirectoryOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nNotes name what is allowed and most likely a mistake.\nExit code: 0 all is well, 2 plan or environment are wrong, 3 something cannot be reached or refuses us.\n\nExamples:\n  openbell check tradeplan.example.yaml\n  openbell check --json | jq .findings',
    )
    .action(async (plan: string, options: Options) => {
      const { findings, advice } = await check(plan, options);
      const worst = Math.max(...findings.map((finding) => finding.exitCode));
      process.exitCode = findings.some((finding) => finding.exitCode === EXIT_USAGE) ? EXIT_USAGE : worst;
      if (options.json) {
        printJson({ ok: worst === EXIT_DONE, findings, advice });
        return;
      }
      for (const finding of findings) show(finding);
      for (const { path, text } of advice) print(`note  ${path}: ${text}`);
    });
}

async function check(
  plan: string,
  options: Options,
): Promise<{ readonly findings: readonly Finding[]; readonly advice: readonly Advice[] }> {
  const prepared: { value: Preparation | null } = { value: null };
  const planFinding = await attempt('plan, environment and strategies', async () => {
    prepared.value = await prepare({
      planPath: plan,
      env: process.env,
      isLiveFlagSet: options.live === true,
      options: storageOptions(options),
    });
    const { instances, plan: checked } = prepared.value;
    return `${checked.mode}, ${instances.length} strategies, ${checked.scanners.length} scanners`;
  });
  const preparation = prepared.value;
  if (preparation === null) return { findings: [planFinding], advice: [] };
  const advice = [...adviceOn(completedPlan(preparation), liveClock.nowMicros())];
  const findings = [
    planFinding,
    await attempt('database', () => checkDatabase(preparation)),
    await attempt('broker', () => checkBroker(preparation, (more) => advice.push(...more))),
  ];
  return { findings, advice };
}

/** `openbell portfolio create` brings the schema up to date: before that there is none. */
const NO_PORTFOLIOS: Pick<PortfolioStores, 'checkPortfolios'> = {
  checkPortfolios: ({ portfolioIds }) =>
    Promise.resolve(portfolioIds.map((portfolioId) => ({ portfolioId, type: 'unknown_portfolio' }))),
};

async function checkDatabase({ environment, plan }: Preparation): Promise<string> {
  const context = { environment: environment.algoEnvironment, plan };
  const client = await connectControl(environment.dataDirectory, liveClock);
  if (client !== null) {
    client.close();
    await withPortfolios(environment, (stores) => checkPortfolios(stores, context));
    return 'in use by the running daemon';
  }
  return withDatabase(
    environment,
    async (database) => {
      const { applied, pending } = await database.migrationStatus();
      await checkPortfolios(pending.length === 0 ? database.stores : NO_PORTFOLIOS, context);
      const where = environment.databaseUrl === null ? 'embedded' : 'PostgreSQL';
      return `${where}, ${applied.length} migrations applied, ${pending.length} to come`;
    },
    'leave',
  );
}

async function checkBroker(
  { environment, plan, instances }: Preparation,
  advise: (advice: readonly Advice[]) => void,
): Promise<string> {
  if (environment.mode === 'simulated') return 'the local exchange, started by the daemon itself';
  const context = {
    batchId: 'check',
    plan,
    environment,
    instances,
    log: { level: 'silent', file: null, isPretty: false },
  } as const;
  const broker = createBroker(brokerConfigOf(context), {
    clock: liveClock,
    random: seededRandom(newSeed()),
    log: silentLog,
  });
  try {
    const answer = await broker.account();
    if (!answer.ok)
      throw new UserError({
        exitCode: EXIT_UNREACHABLE,
        cause: answer.failure.message,
        remedy: 'Check the keys, the mode and the network.',
      });
    if (answer.value.blockedReason !== null)
      throw new UserError({
        exitCode: EXIT_UNREACHABLE,
        cause: `the account may not trade: ${answer.value.blockedReason}`,
        remedy: 'Ask the broker.',
      });
    advise(adviceOnAccount(plan, formatDecimal(answer.value.buyingPower)));
    return `account ${answer.value.accountId.slice(0, 8)} may trade`;
  } finally {
    await broker.close();
  }
}

async function attempt(what: string, work: () => Promise<string>): Promise<Finding> {
  try {
    return { what, ok: true, detail: await work(), remedy: '', exitCode: EXIT_DONE, violations: [] };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return {
      what,
      ok: false,
      detail: error.message,
      remedy: error.remedy,
      exitCode: error.exitCode,
      violations: error.violations,
    };
  }
}

function show(finding: Finding): void {
  if (finding.ok || finding.exitCode === EXIT_DONE) {
    print(`ok  ${finding.what}: ${finding.detail}`);
    return;
  }
  const { detail: cause, exitCode, remedy, violations } = finding;
  reportFailure(new UserError({ exitCode, cause, remedy, violations }), false);
}
