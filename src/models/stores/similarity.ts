/** What belongs together, in `ticker_data`: similar tickers, clusters of them, members of an index. */
import { sql } from 'drizzle-orm';
import type { Queries } from '../backend.ts';
import type { MiningStores } from '../mining.ts';

type SimilarityStores = Pick<MiningStores, 'recordSimilarTickers' | 'recordIndexMembers'>;

interface Counted {
  readonly rows: readonly { readonly count: number }[];
}

export function createSimilarityStores(queries: Queries): SimilarityStores {
  return {
    async recordSimilarTickers(rows) {
      const answer = (await queries.execute(sql`
        with given as (
          select symbol, array(select jsonb_array_elements_text("similar")) as alike,
            case when cluster is null then array[]::text[] else array['cluster:' || cluster] end as tag
          from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
            as row(symbol text, "similar" jsonb, cluster text)
        ), wanted as (
          select t.symbol, g.alike,
            array(select one from unnest(coalesce(t.tags, '{}')) as one where one not like 'cluster:%') || g.tag as tags
          from ticker_data t join given g using (symbol)
        ), changed as (
          update ticker_data t
          set similar_tickers = w.alike, tags = w.tags, modify_tstamp = clock_timestamp()
          from wanted w
          where t.symbol = w.symbol
            and (t.similar_tickers, coalesce(t.tags, '{}')) is distinct from (w.alike, w.tags)
          returning 1
        )
        select count(*)::int as count from changed`)) as unknown as Counted;
      return answer.rows[0]?.count ?? 0;
    },

    async recordIndexMembers(index, rows) {
      const tag = `index:${index}`;
      return await queries.transaction(async (transaction) => {
        const left = (await transaction.execute(sql`
          with changed as (
            update ticker_data set tags = array_remove(tags, ${tag}), modify_tstamp = clock_timestamp()
            where tags @> array[${tag}]::text[] and symbol not in (
              select symbol from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as row(symbol text))
            returning 1
          )
          select count(*)::int as count from changed`)) as unknown as Counted;
        const come = (await transaction.execute(sql`
          with changed as (
            insert into ticker_data as t (symbol, name, description, sector, industry, tags)
            select symbol, coalesce(name, symbol), '', sector, industry, array[${tag}]::text[]
            from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
              as row(symbol text, name text, sector text, industry text)
            on conflict (symbol) do update set
              sector = coalesce(excluded.sector, t.sector),
              industry = coalesce(excluded.industry, t.industry),
              tags = array_remove(coalesce(t.tags, '{}'), ${tag}) || ${tag}::text,
              modify_tstamp = clock_timestamp()
            where (t.sector, t.industry) is distinct from
                (coalesce(excluded.sector, t.sector), coalesce(excluded.industry, t.industry))
              or not coalesce(t.tags, '{}') @> array[${tag}]::text[]
            returning 1
          )
          select count(*)::int as count from changed`)) as unknown as Counted;
        return (left.rows[0]?.count ?? 0) + (come.rows[0]?.count ?? 0);
      });
    },
  };
}
