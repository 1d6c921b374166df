/** Answers the calls that come in over ports from the stores of this thread. */
import type { MessagePort } from 'node:worker_threads';
import type { Log } from '../observability/log.ts';
import type { Stores } from './contract.ts';
import { failureFrom } from './failure.ts';
import type { DatabaseAnswer, DatabaseCall } from './messages.ts';

export interface StoresServer {
  attach(client: string, port: MessagePort): void;
  /** Resolves when every call that has come in is answered; what comes later is refused. */
  drain(): Promise<void>;
}

export function createStoresServer(stores: Stores, log: Log): StoresServer {
  const ports = new Set<MessagePort>();
  const running = new Set<Promise<void>>();
  let isDraining = false;

  const answer = async (client: string, port: MessagePort, call: DatabaseCall) => {
    port.postMessage(await answerTo(stores, call, { client, log, isDraining }));
  };

  return {
    attach(client, port) {
      ports.add(port);
      port.on('message', (call: DatabaseCall) => {
        const run = answer(client, port, call).finally(() => running.delete(run));
        running.add(run);
      });
      port.on('close', () => ports.delete(port));
    },
    async drain() {
      isDraining = true;
      while (running.size > 0) await Promise.all(running);
      for (const port of ports) port.close();
    },
  };
}

async function answerTo(
  stores: Stores,
  call: DatabaseCall,
  context: { client: string; log: Log; isDraining: boolean },
): Promise<DatabaseAnswer> {
  const { callId, method, parameters } = call;
  if (context.isDraining) {
    return { callId, ok: false, kind: 'closed', message: 'the database is closing', retry: false };
  }
  try {
    const store = stores[method] as (...parameters: readonly unknown[]) => Promise<unknown>;
    return { callId, ok: true, value: await store(...parameters) };
  } catch (error) {
    const { kind, message, retry } = failureFrom(error);
    context.log.warn({ client: context.client, method, kind, reason: message }, 'a database call failed');
    return { callId, ok: false, kind, message, retry };
  }
}
