/** What a scanner may ask of the market, answered by a history provider. */
import type { SessionCalendar } from '../../clock/calendar.ts';
import type { Bar, Instrument, MarketHours, Session } from '../../domain/market.ts';
import type { Outcome } from '../../domain/outcome.ts';
import { type EpochMicros, MICROS_PER_DAY, MICROS_PER_MINUTE } from '../../domain/time.ts';
import type { HistoryProvider } from '../../providers/contract.ts';
import type { ScannerContext, SelectedRows, SessionVolumes } from '../../scanners/contract.ts';
import type { Sifted, SiftingContext, SiftRequest } from '../../scanners/sifting.ts';
import { daySnapshot } from './daySnapshot.ts';

/** Calendar days that hold one trading day, holidays and weekends counted in. */
const CALENDAR_DAYS_PER_TRADING_DAY = 1.7;
const CALENDAR_DAYS_MIN = 7;

export type ScanQueries = Omit<ScannerContext<unknown>, 'parameters' | 'log'> & SiftingContext;

/** A look over the snapshots of the symbols, by a built-in scanner. */
export interface SiftTask extends SiftRequest {
  readonly symbols: readonly string[];
  /** When the session's day begins, in the exchange's time zone. */
  readonly dayMicros: EpochMicros;
}

export interface ScanMarket {
  readonly history: HistoryProvider;
  readonly calendar: SessionCalendar;
  readonly hours: MarketHours;
  /** What the account may trade. */
  instruments(): Promise<Outcome<readonly Instrument[]>>;
  /** Looks where the snapshots are; left out where that is here. */
  sift?(task: SiftTask, signal: AbortSignal): Promise<Outcome<readonly Sifted[]>>;
  /** Asks the database; left out where there is none. */
  select?(
    query: string,
    limits: { readonly rowsMax: number; readonly timeoutMs: number },
  ): Promise<SelectedRows>;
}

/** The market as it is at one moment. @throws {Error} when the instruments cannot be had. */
export async function openScanQueries(
  market: ScanMarket,
  nowMicros: EpochMicros,
  signal: AbortSignal,
): Promise<ScanQueries> {
  const { history, calendar, hours } = market;
  const session = calendar.currentOrNext(nowMicros, hours);
  const instruments = need(await market.instruments(), 'instruments')
    .filter((instrument) => instrument.tradable)
    .sort((a, b) => (a.symbol < b.symbol ? -1 : 1));
  // A date of each bar would take as long as all the rest of a scan over the whole market.
  const dayMicros = calendar.startOf(session.date);
  const allSymbols = () => instruments.map((instrument) => instrument.symbol);
  return {
    ...(market.sift === undefined
      ? {}
      : {
          sift: async (request: SiftRequest) =>
            need(await market.sift!({ ...request, symbols: allSymbols(), dayMicros }, signal), 'snapshots'),
        }),
    nowMicros,
    session,
    minutesSinceOpen: (nowMicros - session.openMicros) / MICROS_PER_MINUTE,
    instruments,
    signal,
    async snapshots(symbols = allSymbols()) {
      const answer = need(await history.snapshots(symbols, signal), 'snapshots');
      return mapValues(answer, (snapshot) => daySnapshot(snapshot, dayMicros));
    },
    async dailyBars(symbols, count) {
      const days = Math.max(CALENDAR_DAYS_MIN, Math.ceil(count * CALENDAR_DAYS_PER_TRADING_DAY) + 1);
      const answer = await history.bars(
        {
          symbols,
          interval: 'day',
          fromMicros: session.openMicros - days * MICROS_PER_DAY,
          toMicros: nowMicros,
          limitPerSymbol: count + 1,
        },
        signal,
      );
      const isBefore = (bar: Bar) => bar.timeMicros < dayMicros;
      return mapValues(need(answer, 'daily bars'), (bars) => bars.filter(isBefore).slice(-count));
    },
    async minuteBars(symbols, count) {
      // The minute under way is not closed yet.
      const toMicros = Math.floor(nowMicros / MICROS_PER_MINUTE) * MICROS_PER_MINUTE;
      const fromMicros = toMicros - count * MICROS_PER_MINUTE;
      return need(
        await history.bars({ symbols, interval: 'minute', fromMicros, toMicros }, signal),
        'minute bars',
      );
    },
    async select(query, limits) {
      if (market.select === undefined) throw new Error('there is no database to ask here');
      return market.select(query, limits);
    },
    async sessionVolumes(symbols, sessions) {
      const toMicros = Math.floor(nowMicros / MICROS_PER_MINUTE) * MICROS_PER_MINUTE;
      const elapsedMicros = Math.min(toMicros, session.closeMicros) - session.openMicros;
      if (elapsedMicros <= 0) return new Map();
      const volumes = async ({ openMicros }: Session) => {
        const range = { fromMicros: openMicros, toMicros: openMicros + elapsedMicros };
        const answer = await history.bars({ symbols, interval: 'minute', ...range }, signal);
        return mapValues(need(answer, 'minute bars'), volumeOf);
      };
      const days = earlierSessions(calendar, session, { count: sessions, elapsedMicros });
      const [today = new Map(), ...earlier] = await Promise.all([session, ...days].map(volumes));
      return new Map(
        symbols
          .map((symbol): [string, SessionVolumes] => [
            symbol,
            { today: today.get(symbol) ?? 0, earlier: earlier.map((day) => day.get(symbol) ?? 0) },
          ])
          .filter(([, volume]) => volume.today > 0 || volume.earlier.some((shares) => shares > 0)),
      );
    },
  };
}

/** The newest sessions before one that lasted at least so long: half a day says nothing of an afternoon. */
function earlierSessions(
  calendar: SessionCalendar,
  session: Session,
  wanted: { readonly count: number; readonly elapsedMicros: number },
): readonly Session[] {
  const days = Math.max(CALENDAR_DAYS_MIN, Math.ceil(wanted.count * CALENDAR_DAYS_PER_TRADING_DAY) + 1);
  const from = calendar.dateAt(session.openMicros - days * MICROS_PER_DAY).toString();
  return calendar
    .sessions(from, session.date)
    .filter(({ openMicros, closeMicros }) => {
      const isEarlier = openMicros < session.openMicros;
      return isEarlier && closeMicros - openMicros >= wanted.elapsedMicros;
    })
    .slice(-wanted.count);
}

function volumeOf(bars: readonly Bar[]): number {
  return bars.reduce((sum, { volume }) => sum + volume, 0);
}

function need<T>(outcome: Outcome<T>, what: string): T {
  if (outcome.ok) return outcome.value;
  throw new Error(`${what}: ${outcome.failure.message}`);
}

function mapValues<From, To>(
  from: ReadonlyMap<string, From>,
  change: (value: From) => To,
): ReadonlyMap<string, To> {
  return new Map([...from].map(([key, value]) => [key, change(value)]));
}
