/**
 * Files in the place of Python classes that a conversion names: their parameters are declared, so that the plan is
 * valid and an editor completes them; what they decide is for their author to write. Until then they say that they
 * do nothing.
 */
import type { OwnFile } from '../../tradeplan/conversion/scanners.ts';
import type { PlainToml } from '../../tradeplan/conversion/toml.ts';

export function convertedFile(file: OwnFile): { readonly name: string; readonly text: string } {
  return file.kind === 'strategy'
    ? { name: `${file.id}.ts`, text: strategyText(file) }
    : { name: `${file.id}.scanner.ts`, text: scannerText(file) };
}

function strategyText(file: OwnFile): string {
  return `/**
 * ${file.id}: in the place of ${originOf(file)}.
 *
 * Its parameters are declared. What it decides is to be written: in onBar what \`run()\` did for a symbol, and with
 * \`scope: 'universe'\` what \`run_all()\` did for all. LIUALGOTRADER.md among the docs of openbell says where each
 * method went; \`openbell template strategy NAME\` writes an example that trades.
 */
import { defineStrategy, z } from 'openbell';

export default defineStrategy({
  name: '${file.id}',
  description: 'In the place of ${file.className} of LiuAlgoTrader.',
  scope: 'symbol',
  channels: ['bars'],
  parameters: ${schemaOf(file)},
  initialState: () => ({}),
  onStart(context) {
    context.log('warn', '${file.className} is not written in TypeScript yet: it trades nothing');
  },
});
`;
}

function scannerText(file: OwnFile): string {
  return `/**
 * ${file.id}: in the place of ${originOf(file)}.
 *
 * Its parameters are declared. What it picks is to be written: \`scan\` answers a symbol, a score and a reason for each,
 * as \`run()\` answered symbols.
 */
import { defineScanner, z } from 'openbell/scanners';

export default defineScanner({
  name: '${file.id}',
  description: 'In the place of ${file.className} of LiuAlgoTrader.',
  parameters: ${schemaOf(file)},
  scan(context) {
    context.log('warn', '${file.className} is not written in TypeScript yet: it picks nothing');
    return [];
  },
});
`;
}

function originOf({ className, fileName }: OwnFile): string {
  return fileName === null ? `LiuAlgoTrader's ${className}` : `${className} of ${fileName}`;
}

function schemaOf({ parameters }: OwnFile): string {
  const lines = Object.entries(parameters).map(
    ([key, value]) => `    ${JSON.stringify(key)}: ${typeOf(value)}.default(${JSON.stringify(value)}),`,
  );
  return lines.length === 0 ? 'z.strictObject({})' : `z.strictObject({\n${lines.join('\n')}\n  })`;
}

function typeOf(value: PlainToml): string {
  if (Array.isArray(value)) {
    const types = new Set((value as readonly PlainToml[]).map(typeOf));
    return `z.array(${types.size === 1 ? [...types][0] : 'z.any()'})`;
  }
  return typeof value === 'object' ? 'z.record(z.string(), z.any())' : `z.${typeof value}()`;
}
