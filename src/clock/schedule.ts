/** When something runs. */
export type Schedule =
  /** At the start, or at the next opening when the market is closed. */
  | { readonly type: 'once' }
  /** First at the start, then again and again while the market is open. */
  | { readonly type: 'interval'; readonly everyMs: number }
  /** Five or six cron fields, in the exchange's time zone; on every matching moment, open or closed. */
  | { readonly type: 'cron'; readonly expression: string }
  /** Relative to each session: after its open or close when `offsetMs` is positive, before it when negative. */
  | { readonly type: 'market'; readonly anchor: 'open' | 'close'; readonly offsetMs: number };
