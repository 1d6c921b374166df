/** What `import ... from 'openbell'` gives the author of a strategy. */
export { z } from 'zod';
export * from './contract.ts';
