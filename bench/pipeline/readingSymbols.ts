/** The same strategy with a unit and a state of its own for each symbol. */
import { defineStrategy } from 'openbell';
import reading from './readingStrategy.ts';

export default defineStrategy({ ...reading, name: 'reading-symbols', scope: 'symbol' });
