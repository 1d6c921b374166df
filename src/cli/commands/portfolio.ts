/** `openbell portfolio`: cash of their own for strategies. */
import { Argument, Command, InvalidArgumentError, Option } from 'commander';
import { newId } from '../../clock/chance.ts';
import {
  DECIMAL_PLACES,
  type Decimal,
  decimal,
  formatDecimal,
  negate,
  tryDecimal,
  ZERO,
} from '../../domain/decimal.ts';
import { EXIT_USAGE, UserError } from '../../domain/exit.ts';
import type { PortfolioAssets, PortfolioRow } from '../../models/portfolios.ts';
import type { PortfolioMethods } from '../../trader/control/portfolioMethods.ts';
import { csvOption, rowsCommand, type StorageOptions, storageOf, wholeNumber } from '../options.ts';
import { print, printJson } from '../output.ts';
import { withPortfolios } from '../stored.ts';
import { printEquity, printList, printRecalculation, printTrades, summaryOf } from './portfolioTables.ts';

interface Options extends StorageOptions {
  readonly json?: boolean;
  readonly csv?: boolean;
}

interface CreateOptions extends Options {
  readonly cash: Decimal;
  readonly credit?: Decimal;
  readonly size?: Decimal;
  readonly assets: PortfolioAssets;
}

const AMOUNT_MAX = decimal('1e12');
const TRADES_DEFAULT = 1_000;
const TRADES_MAX = 100_000;

export function portfolioCommand(): Command {
  return new Command('portfolio')
    .addHelpText(
      'after',
      '\nA strategy is given to a portfolio in the plan: `portfolio: growth` beside its name. What it buys is paid by that portfolio, and no order is sent that its cash and credit do not hold.',
    )
    .addCommand(createCommand())
    .addCommand(listCommand())
    .addCommand(showCommand())
    .addCommand(fundCommand())
    .addCommand(equityCommand())
    .addCommand(tradesCommand())
    .addCommand(recalculateCommand());
}

function createCommand(): Command {
  return rowsCommand('create', 'make a portfolio with a cash account of its own', [
    'openbell portfolio create growth --cash 50000',
    'openbell portfolio create coins --cash 10000 --credit 2500 --assets CRYPTO',
  ])
    .addArgument(nameArgument())
    .requiredOption('--cash <amount>', 'what is paid in, in the currency of the broker account', amountOrZero)
    .option('--credit <amount>', 'how far below zero its cash may go; left out, not at all', amountOrZero)
    .option('--size <amount>', 'what it is meant to manage; left out, cash and credit', amount)
    .addOption(
      new Option('--assets <kind>', 'what it trades')
        .choices(['US_EQUITIES', 'CRYPTO'])
        .default('US_EQUITIES'),
    )
    .action(async (portfolioId: string, options: CreateOptions) => {
      const { cash, credit = ZERO, assets } = options;
      const size = options.size ?? ((cash + credit) as Decimal);
      if (size === ZERO) {
        throw wrong('a portfolio without cash, credit and size', 'give it one: --cash 10000');
      }
      const row = await withPortfolios(storageOf(options), async (stores) => {
        const text = { cash: formatDecimal(cash), credit: formatDecimal(credit), size: formatDecimal(size) };
        const isMade = await stores.createPortfolio({ portfolioId, assets, ...text });
        if (!isMade) {
          throw wrong(
            `there is a portfolio ${portfolioId} already`,
            `choose another name, or pay in with \`openbell portfolio fund ${portfolioId}\``,
          );
        }
        return requireRow(stores, portfolioId);
      });
      if (options.json) printJson(row);
      else print(`portfolio ${portfolioId}: ${row.cash} in cash, ${row.credit} of credit`);
    });
}

function listCommand(): Command {
  return rowsCommand('list', 'list the portfolios', [
    'openbell portfolio list',
    'openbell portfolio list --csv',
  ])
    .addOption(csvOption())
    .action(async (options: Options) => {
      const rows = await withPortfolios(storageOf(options), (stores) => stores.listPortfolios());
      printList(rows, options);
    });
}

function showCommand(): Command {
  return rowsCommand('show', 'show a portfolio: its cash, what it holds, its equity', [
    'openbell portfolio show growth',
    'openbell portfolio show growth --json | jq .equity[-1]',
  ])
    .addArgument(nameArgument())
    .action(async (portfolioId: string, options: Options) => {
      const { row, history } = await withPortfolios(storageOf(options), async (stores) => ({
        row: await requireRow(stores, portfolioId),
        history: await historyOf(stores, portfolioId),
      }));
      if (options.json) printJson({ ...row, ...history });
      else print(summaryOf(row, history));
    });
}

function fundCommand(): Command {
  return rowsCommand('fund', 'pay in, or out with --withdraw', [
    'openbell portfolio fund growth 5000',
    'openbell portfolio fund growth 1200.50 --withdraw --note rent',
  ])
    .addArgument(nameArgument())
    .addArgument(new Argument('<amount>', 'above 0').argParser(amount))
    .option('--withdraw', 'pay out instead; no more than cash and credit hold')
    .option('--note <text>', 'kept with the booking')
    .action(
      async (
        portfolioId: string,
        given: Decimal,
        options: Options & { readonly withdraw?: boolean; readonly note?: string },
      ) => {
        const text = formatDecimal(options.withdraw === true ? negate(given) : given);
        const { note = null } = options;
        const outcome = await withPortfolios(storageOf(options), (stores) =>
          stores.fundPortfolio({ portfolioId, amount: text, reference: newId(), note }),
        );
        if (outcome.type === 'unknown_portfolio') throw unknown(portfolioId);
        if (outcome.type === 'beyond_credit') {
          throw wrong(
            `${portfolioId} has ${outcome.cash} in cash and ${outcome.credit} of credit: ${formatDecimal(given)} cannot be paid out`,
            'withdraw less',
          );
        }
        if (options.json) printJson({ portfolioId, amount: text, cash: outcome.cash });
        else print(`portfolio ${portfolioId}: ${text} booked, ${outcome.cash} in cash`);
      },
    );
}

function equityCommand(): Command {
  return rowsCommand(
    'equity',
    'what a portfolio was worth at the end of each day on which it booked something',
    ['openbell portfolio equity growth', 'openbell portfolio equity growth --csv > equity.csv'],
  )
    .addArgument(nameArgument())
    .addOption(csvOption())
    .action(async (portfolioId: string, options: Options) => {
      const { equity } = await withPortfolios(storageOf(options), (stores) => historyOf(stores, portfolioId));
      printEquity(equity, options);
    });
}

function tradesCommand(): Command {
  return rowsCommand('trades', 'list what was traded for a portfolio', [
    'openbell portfolio trades growth --limit 20',
    'openbell portfolio trades growth --csv > trades.csv',
  ])
    .addArgument(nameArgument())
    .option(
      '--limit <rows>',
      'at most this many, the newest first',
      wholeNumber({ min: 1, max: TRADES_MAX }),
      TRADES_DEFAULT,
    )
    .addOption(csvOption())
    .action(async (portfolioId: string, options: Options & { readonly limit: number }) => {
      const rows = await withPortfolios(storageOf(options), async (stores) => {
        await requireRow(stores, portfolioId);
        return stores.portfolioTrades(portfolioId, options.limit);
      });
      printTrades(rows, options);
    });
}

function recalculateCommand(): Command {
  return rowsCommand(
    'recalculate',
    'rebuild the cash account from the trades, and say what was booked otherwise',
    ['openbell portfolio recalculate growth --dry-run', 'openbell portfolio recalculate growth'],
  )
    .addArgument(nameArgument())
    .option('--dry-run', 'only say what it would change')
    .action(async (portfolioId: string, options: Options & { readonly dryRun?: boolean }) => {
      const isDryRun = options.dryRun === true;
      const result = await withPortfolios(storageOf(options), (stores) =>
        stores.recalculatePortfolio(portfolioId, isDryRun),
      );
      if (result === null) throw unknown(portfolioId);
      if (options.json) printJson({ ...result, isDryRun });
      else printRecalculation(result, isDryRun);
    });
}

function nameArgument(): Argument {
  return new Argument('<name>', 'lower-case letters, digits and hyphens, such as growth').argParser(
    (text) => {
      if (/^[a-z][a-z0-9-]{0,39}$/.test(text)) return text;
      throw new InvalidArgumentError(
        'It must be of lower-case letters, digits and hyphens, beginning with a letter, at most 40 characters.',
      );
    },
  );
}

function amount(text: string): Decimal {
  const value = amountOrZero(text);
  if (value === ZERO) throw new InvalidArgumentError('It must be above 0.');
  return value;
}

function amountOrZero(text: string): Decimal {
  const value = tryDecimal(text);
  const places = /\.(\d*)/.exec(text)?.[1]?.length ?? 0;
  if (value !== undefined && value >= ZERO && value <= AMOUNT_MAX && places <= DECIMAL_PLACES) return value;
  throw new InvalidArgumentError(
    `It must be an amount such as 10000 or 2500.50, at most ${DECIMAL_PLACES} decimals.`,
  );
}

async function requireRow(stores: PortfolioMethods, portfolioId: string): Promise<PortfolioRow> {
  const [row] = await stores.listPortfolios([portfolioId]);
  if (row === undefined) throw unknown(portfolioId);
  return row;
}

async function historyOf(stores: PortfolioMethods, portfolioId: string) {
  const history = await stores.portfolioHistory(portfolioId);
  if (history === null) throw unknown(portfolioId);
  return history;
}

function unknown(portfolioId: string): UserError {
  return wrong(
    `there is no portfolio ${portfolioId}`,
    '`openbell portfolio list` shows those that are there',
  );
}

function wrong(cause: string, remedy: string): UserError {
  return new UserError({ exitCode: EXIT_USAGE, cause, remedy });
}
