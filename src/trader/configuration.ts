/** What each thread is told, out of the plan and the environment: small plain copies, each with what it needs only. */
import { join } from 'node:path';
import { alpacaBrokerConfig, type BrokerConfig, DEFAULT_BROKER_LIMITS } from '../brokers/config.ts';
import { type ConsumerConfig, DEFAULT_HEARTBEAT_PERIOD_MS } from '../consumer/config.ts';
import { DEFAULT_DESK_LIMITS, type DeskConfig } from '../desk/config.ts';
import { EXIT_USAGE, UserError } from '../domain/exit.ts';
import type { Session } from '../domain/market.ts';
import { DEFAULT_HOST_LIMITS, type InstanceConfig } from '../engine/config.ts';
import { DATABASE_LIMITS } from '../models/limits.ts';
import type { DatabaseWorkerConfig } from '../models/messages.ts';
import type { LogTarget } from '../observability/log.ts';
import { DEFAULT_PRODUCER_LIMITS, type ProducerConfig } from '../producer/config.ts';
import { type ProviderConfig, providerConfig } from '../providers/config.ts';
import { DEFAULT_RECORDER_LIMITS, type RecorderConfig } from '../recorder/config.ts';
import type { AlpacaAccess, Environment, Storage } from '../tradeplan/environment.ts';
import type { Tradeplan } from '../tradeplan/plan.ts';
import type { InstanceRules } from '../transport/messages.ts';
import type { PreparedInstance } from './preparation.ts';

/** What all threads of one batch share. */
export interface BatchContext {
  readonly batchId: string;
  readonly plan: Tradeplan;
  readonly environment: Environment;
  readonly instances: readonly PreparedInstance[];
  readonly log: LogTarget;
}

export function databaseConfigOf(
  storage: Storage,
  log: LogTarget,
  logFields: Readonly<Record<string, string>>,
): DatabaseWorkerConfig {
  return {
    location:
      storage.databaseUrl === null
        ? { type: 'embedded', directory: storage.dataDirectory }
        : { type: 'postgres', url: storage.databaseUrl },
    limits: DATABASE_LIMITS,
    log,
    logFields,
  };
}

export function providerConfigOf(context: BatchContext): ProviderConfig {
  const { keyId, secretKey, dataUrl, streamUrl } = accessOf(context.environment);
  const { feed, assetClass } = context.plan;
  return providerConfig({ provider: 'alpaca', feed, assetClass, keyId, secretKey, dataUrl, streamUrl });
}

export function brokerConfigOf(context: BatchContext): BrokerConfig {
  const { plan } = context;
  if (plan.broker === 'paper') return { broker: 'paper', startingCash: '100000', currency: 'USD' };
  const { keyId, secretKey, baseUrl } = accessOf(context.environment);
  return alpacaBrokerConfig({
    keyId,
    secretKey,
    baseUrl,
    assetClass: plan.assetClass,
    limits: {
      requestTimeoutMs: plan.limits.submitTimeoutMs,
      queueTimeoutMs: Math.min(DEFAULT_BROKER_LIMITS.queueTimeoutMs, plan.limits.submitTimeoutMs),
    },
  });
}

export function producerConfigOf(context: BatchContext): ProducerConfig {
  return {
    provider: providerConfigOf(context),
    log: context.log,
    batchId: context.batchId,
    limits: { ...DEFAULT_PRODUCER_LIMITS, tradeRingRows: context.plan.limits.tradeRingRows },
  };
}

export function recorderConfigOf(context: BatchContext, session: Session): RecorderConfig {
  const { record, feed } = context.plan;
  const { segmentBytesMax, ageMaxMs, totalBytesMax, freeBytesMin } = record;
  return {
    directory: record.directory ?? join(context.environment.dataDirectory, 'tapes'),
    batchId: context.batchId,
    feed,
    session: session.date,
    limits: { segmentBytesMax, ageMaxMs, totalBytesMax, freeBytesMin, ...DEFAULT_RECORDER_LIMITS },
    log: context.log,
  };
}

export function deskConfigOf(context: BatchContext, session: Session): DeskConfig {
  return {
    batchId: context.batchId,
    environment: context.environment.algoEnvironment,
    plan: context.plan,
    broker: brokerConfigOf(context),
    instances: context.instances.map(instanceRulesOf),
    session,
    dataDirectory: context.environment.dataDirectory,
    journalMode: context.plan.journal,
    log: context.log,
    limits: DEFAULT_DESK_LIMITS,
  };
}

export function instanceRulesOf({ instanceId, plan }: PreparedInstance): InstanceRules {
  const { isIntraday, symbols, portfolioId, risk } = plan;
  return {
    ...{ instanceId, isIntraday, symbols, runs: [] },
    ...(portfolioId === null ? {} : { portfolioId }),
    ...(risk === null ? {} : { risk }),
  };
}

export function instanceConfigOf({ instanceId, bundle, plan }: PreparedInstance): InstanceConfig {
  const { parameters, windows, isIntraday } = plan;
  return { instanceId, bundle, parameters, windows, isIntraday };
}

export function consumerConfigOf(
  context: BatchContext,
  consumer: string,
  options: {
    readonly instances: readonly InstanceConfig[];
    readonly session: Session | null;
    readonly activity: SharedArrayBuffer;
  },
): ConsumerConfig {
  const { plan } = context;
  return {
    host: {
      consumer,
      batchId: context.batchId,
      instances: options.instances,
      assetClass: plan.assetClass,
      marketHours: plan.marketHours,
      feedHasBars: plan.channels.includes('bars'),
      eventAgeMaxMs: plan.eventAgeMaxMs,
      feedLagMaxMs: plan.feedLagMaxMs,
      feedDelayMs: plan.feedDelayMs,
      liquidateBeforeCloseMs: plan.liquidateBeforeCloseMs,
      session: options.session,
      limits: { ...DEFAULT_HOST_LIMITS, historyBarsMax: plan.limits.historyBarsMax },
    },
    heartbeatPeriodMs: DEFAULT_HEARTBEAT_PERIOD_MS,
    isMarketRecorded: plan.record.market,
    log: context.log,
    activity: options.activity,
  };
}

function accessOf(environment: Environment): AlpacaAccess {
  if (environment.alpaca !== null) return environment.alpaca;
  throw new UserError({
    exitCode: EXIT_USAGE,
    cause: 'no access to Alpaca is configured',
    remedy: 'Set APCA_API_KEY_ID and APCA_API_SECRET_KEY.',
  });
}
