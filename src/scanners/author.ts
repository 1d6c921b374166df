/** What `import ... from 'openbell/scanners'` gives the author of a scanner. */
export { z } from 'zod';
export type { Bar, Instrument, Quote, Session } from '../domain/market.ts';
export * from './contract.ts';
