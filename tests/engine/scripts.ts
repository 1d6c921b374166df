/** Strategies that tests write as text, bundled as a user's own file is. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleStrategy, type StrategyBundle } from '../../src/strategies/bundle.ts';

let made = 0;

/** A strategy called `name` whose definition has `members` beside the usual ones. */
export async function scripted(name: string, members: string, before = ''): Promise<StrategyBundle> {
  const folder = mkdtempSync(join(tmpdir(), 'openbell-script-'));
  made += 1;
  const file = join(folder, `strategy-${made}.ts`);
  writeFileSync(
    file,
    `import { defineStrategy, z } from 'openbell';
${before}
export default defineStrategy<any, any>({
  name: '${name}', description: 'for a test', scope: 'symbol', channels: ['trades', 'quotes', 'bars'],
  parameters: z.strictObject({}), initialState: () => ({}),
${members}
});`,
  );
  try {
    return await bundleStrategy({ name: null, path: file, baseDirectory: folder });
  } finally {
    rmSync(folder, { recursive: true });
  }
}
