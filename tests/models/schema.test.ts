import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Backend } from '../../src/models/backend.ts';
import { embeddedDatabases } from './databases.ts';

const TABLES =
  `account_transactions accounts algo_run algo_run_settings gain_loss keystore miner_run new_trades optimizer_run orders
  portfolio portfolio_batch_ids portfolio_gain_loss stock_ohlc strategy_state ticker_data trade_analysis trade_plan
  trade_plan_execution_audit trending_tickers`.split(/\s+/);

let backend: Backend;
beforeAll(async () => {
  backend = (await (await embeddedDatabases()).open()) as Backend;
});
afterAll(async () => {
  await backend.close();
});

async function rows(text: string): Promise<Record<string, unknown>[]> {
  return ((await backend.queries.execute(sql.raw(text))) as unknown as { rows: Record<string, unknown>[] })
    .rows;
}

describe('the tables', () => {
  it('are those that users of such systems query, and our own few', async () => {
    const found = await rows(
      `select table_name as name from information_schema.tables where table_schema = 'public' order by 1`,
    );
    expect(found.map((row) => row.name)).toEqual(TABLES);
  });

  it('have no time without zone, no money that is rounded to cents, no float', async () => {
    const columns = await rows(
      `select table_name || '.' || column_name as name, data_type as type, numeric_scale as scale, datetime_precision as digits
       from information_schema.columns where table_schema = 'public'`,
    );
    const wrong = columns.filter(
      ({ type, scale, digits }) =>
        type === 'timestamp without time zone' ||
        type === 'double precision' ||
        type === 'real' ||
        (type === 'numeric' && scale !== 9) ||
        (type === 'timestamp with time zone' && digits !== 6),
    );
    expect(wrong).toEqual([]);
    expect(columns.length).toBeGreaterThan(100);
  });

  it('keep the known columns of a run and of an execution, with the order and execution ids that were missing', async () => {
    const columns = await rows(
      `select column_name as name from information_schema.columns
       where table_schema = 'public' and table_name in ('algo_run', 'new_trades')`,
    );
    const names = columns.map((row) => row.name);
    expect(names).toEqual(
      expect.arrayContaining([
        ...['algo_run_id', 'algo_name', 'algo_env', 'build_number', 'parameters', 'start_time', 'end_time'],
        ...['end_reason', 'batch_id', 'ref_algo_run', 'instance_id', 'consumer'],
        ...['trade_id', 'symbol', 'operation', 'qty', 'price', 'indicators', 'client_time', 'tstamp'],
        ...['stop_price', 'target_price', 'expire_tstamp', 'trade_fee', 'client_order_id', 'execution_id'],
      ]),
    );
  });

  it('refuse an environment that is none', async () => {
    await expect(
      rows(
        `insert into algo_run (algo_name, algo_env, build_number, parameters, start_time, batch_id, instance_id, consumer)
         values ('x', 'unknown', '', '{}', now(), 'b', 'x', 'A')`,
      ),
    ).rejects.toMatchObject({ cause: { constraint: 'algo_run_algo_env' } });
  });
});

describe('a cash account', () => {
  const open = async (columns: string) => {
    const [row] = await rows(`insert into accounts ${columns} returning account_id as id`);
    return row?.id as number;
  };
  const book = (account: number, amount: string) =>
    rows(
      `insert into account_transactions (account_id, amount) values (${account}, ${amount}) returning transaction_id as id`,
    );
  const balance = async (account: number) =>
    (await rows(`select trim_scale(balance)::text as balance from accounts where account_id = ${account}`))[0]
      ?.balance;
  const credit = { cause: { constraint: 'accounts_credit' } };

  it('follows its bookings to the last digit', async () => {
    const account = await open('default values');
    await book(account, '0.1');
    await book(account, '0.2');
    await book(account, '-0.000000001');
    expect(await balance(account)).toBe('0.299999999');
  });

  it('never goes below zero without credit, nor below its credit with it', async () => {
    const plain = await open('(balance) values (100)');
    await expect(book(plain, '-100.000000001')).rejects.toMatchObject(credit);
    expect(await balance(plain)).toBe('100');
    expect(await rows(`select * from account_transactions where account_id = ${plain}`)).toEqual([]);
    const trusted = await open('(allow_negative, credit_line) values (true, 50)');
    await book(trusted, '-50');
    await expect(book(trusted, '-0.01')).rejects.toMatchObject(credit);
    expect(await balance(trusted)).toBe('-50');
    await expect(open('(allow_negative) values (true)')).rejects.toMatchObject({
      cause: { constraint: 'accounts_credit_line' },
    });
  });

  it('does not book again when a booking is described anew, and lets no amount be changed or deleted', async () => {
    const account = await open('(balance) values (100)');
    const [booking] = await book(account, '-40');
    await rows(
      `update account_transactions set details = '{"note":"rent"}', amount = -40 where transaction_id = ${String(booking?.id)}`,
    );
    expect(await balance(account)).toBe('60');
    const final = { cause: { constraint: 'account_transactions_final' } };
    const where = `where transaction_id = ${String(booking?.id)}`;
    await expect(rows(`update account_transactions set amount = -41 ${where}`)).rejects.toMatchObject(final);
    await expect(rows(`delete from account_transactions ${where}`)).rejects.toMatchObject(final);
    expect(await balance(account)).toBe('60');
  });
});
