/** What `import ... from 'openbell/testing'` gives the author of a strategy. */
export * from './market.ts';
export * from './trial.ts';
