/** Messages of the market-data stream that are about the stream itself (`success`, `error`, `subscription`). */

/** Channels of a subscription as Alpaca names them. A channel that the message leaves out is empty. */
export const SUBSCRIPTION_CHANNELS = [
  'trades',
  'quotes',
  'bars',
  'updatedBars',
  'dailyBars',
  'statuses',
  'lulds',
  'corrections',
  'cancelErrors',
  'imbalances',
  'orderbooks',
  'news',
] as const;
export type SubscriptionChannel = (typeof SUBSCRIPTION_CHANNELS)[number];

export type AlpacaControl =
  | { readonly type: 'success'; readonly message: string }
  /** `code` is 0 when the message has none. */
  | { readonly type: 'error'; readonly code: number; readonly message: string }
  /** The whole state of the subscription, not what changed. */
  | {
      readonly type: 'subscription';
      readonly channels: Readonly<Record<SubscriptionChannel, readonly string[]>>;
    };

/** Reads the parsed JSON of one control message. Answers `undefined` when it is not of its form. */
export function readControl(kind: string, value: unknown): AlpacaControl | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const fields = value as Readonly<Record<string, unknown>>;
  const message = typeof fields.msg === 'string' ? fields.msg : '';
  switch (kind) {
    case 'success':
      return { type: 'success', message };
    case 'error':
      return { type: 'error', code: typeof fields.code === 'number' ? fields.code : 0, message };
    case 'subscription': {
      const entries = SUBSCRIPTION_CHANNELS.map((channel) => [channel, textsOf(fields[channel])] as const);
      if (entries.some(([, symbols]) => symbols === undefined)) return undefined;
      return {
        type: 'subscription',
        channels: Object.fromEntries(entries) as Record<SubscriptionChannel, readonly string[]>,
      };
    }
    default:
      return undefined;
  }
}

function textsOf(value: unknown): readonly string[] | undefined {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value) || !value.every((entry) => typeof entry === 'string')) return undefined;
  return value;
}
