/**
 * The messages between threads: plain data in closed unions, one union for each direction of each port.
 *
 * | port                 | from -> to                        | back                                  |
 * |----------------------|-----------------------------------|---------------------------------------|
 * | market               | sealed batch buffers, transferred | the same buffers, empty: the credits  |
 * | orders               | `Intent[]` from a consumer        | `DeskEvent[]`                         |
 * | recording            | `RecordMessage` to the recorder   | empty buffers: the credits            |
 * | control of a thread  | `...Command` from the trader      | `...Report`                           |
 * | database             | `DatabaseCall` (models)            | `DatabaseAnswer`                      |
 */
export type { DatabaseAnswer, DatabaseCall } from '../models/messages.ts';
export * from './messages/consumer.ts';
export * from './messages/desk.ts';
export * from './messages/orders.ts';
export * from './messages/producer.ts';
export * from './messages/recorder.ts';
export * from './messages/units.ts';
