/** Parameters of scanners and miners as the reference shows them, out of their schemas. */
import { type ZodType, z } from 'zod';
import { expectWritten } from './written.ts';

export const PAGE = 'docs/REFERENCE.md';

/** What has parameters, and words about itself. */
export interface Described {
  readonly name: string;
  readonly description: string;
  readonly parameters: ZodType;
}

export interface Property {
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly default?: string | number | boolean;
  readonly description?: string;
  readonly minimum?: number;
  readonly maximum?: number;
}

/** Compares the part of the page between two marks with what the code says. */
export function expectDescribed(mark: string, all: readonly Described[]): void {
  expectWritten(PAGE, mark, all.map(describeOne).join('\n'), 'npm run docs:scanners');
}

/** Those whose names are not in snake case, or that have no words of their own. */
export function unexplained(all: readonly Described[]): readonly string[] {
  return all
    .flatMap((one) => shapeOf(one).properties)
    .filter(([name, { description }]) => !/^[a-z]+(_[a-z]+)*$/.test(name) || !description)
    .map(([name]) => name);
}

interface Shape {
  readonly properties: readonly (readonly [string, Property])[];
  readonly required: readonly string[];
}

function shapeOf({ parameters }: Described): Shape {
  const { properties = {}, required = [] } = z.toJSONSchema(parameters, {
    io: 'input',
    unrepresentable: 'any',
  });
  return { properties: Object.entries(properties) as [string, Property][], required };
}

function describeOne(one: Described): string {
  const { properties, required } = shapeOf(one);
  if (properties.length === 0) return `### ${one.name}\n\n${one.description}\n`;
  const rows = properties.map(([name, property]) => {
    const isRequired = property.default === undefined && required.includes(name);
    const initial = property.default === undefined ? '' : `\`${String(property.default)}\``;
    return `| \`${name}\` | ${valuesOf(property)} | ${isRequired ? 'required' : initial} | ${property.description ?? ''} |`;
  });
  const head = '| parameter | values | default | |\n|---|---|---|---|';
  return `### ${one.name}\n\n${one.description}\n\n${head}\n${rows.join('\n')}\n`;
}

function valuesOf({ type, enum: choices, minimum, maximum }: Property): string {
  if (choices !== undefined) return choices.map((choice) => `\`${choice}\``).join(', ');
  if (type === 'array') return 'a list';
  if (type === 'string') return 'text';
  const least = minimum ?? 0;
  const range = maximum === undefined || maximum > 1e15 ? `from ${least}` : `${least} to ${maximum}`;
  return type === 'integer' ? `${range}, whole` : range;
}
