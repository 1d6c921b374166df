/** Every key of the plan, out of the schema that checks it: what it means, what it may hold, what it is when left out. */
import type { z } from 'zod';
import { formatDuration } from '../../src/tradeplan/duration.ts';

export interface PlanKey {
  readonly name: string;
  readonly meaning: string;
  /** As a violation says it, with the unit and the range. */
  readonly allowed: string;
  readonly initial: string;
}

export interface PlanSection {
  /** Where it stands in the plan: `strategies[].windows[]`. */
  readonly path: string;
  readonly meaning: string;
  readonly keys: readonly PlanKey[];
}

interface Definition {
  readonly type: string;
  readonly innerType?: z.ZodType;
  readonly in?: z.ZodType;
  readonly element?: z.ZodType;
  readonly valueType?: z.ZodType;
  readonly options?: readonly z.ZodType[];
  readonly shape?: Readonly<Record<string, z.ZodType>>;
  readonly defaultValue?: unknown;
  readonly error?: (issue: object) => string | { readonly message: string } | undefined;
}

const definitionOf = (schema: z.ZodType) => schema.def as unknown as Definition;

/** A section, and those that stand in it, in the plan's order. */
export function sectionsOf(schema: z.ZodType, path = '', meaning = ''): readonly PlanSection[] {
  const shape = Object.entries(definitionOf(schema).shape ?? {});
  const keys = shape.map(([name, value]): PlanKey => {
    const inner = nestedIn(value, join(path, name));
    return {
      name,
      meaning: value.description ?? '',
      allowed: inner === undefined ? allowedOf(value) : `[${inner.kind}](#${anchorOf(inner.path)})`,
      initial: initialOf(value),
    };
  });
  const nested = shape.flatMap(([name, value]) => {
    const inner = nestedIn(value, join(path, name));
    return inner === undefined ? [] : sectionsOf(inner.schema, inner.path, value.description ?? '');
  });
  return [{ path, meaning, keys }, ...nested];
}

export function pageOf(sections: readonly PlanSection[]): string {
  return sections.map(renderSection).join('\n');
}

/** As GitHub makes it of a heading. */
function anchorOf(path: string): string {
  return path.toLowerCase().replaceAll(/[^\w-]/g, '');
}

function renderSection({ path, meaning, keys }: PlanSection): string {
  const head = path === '' ? '' : `## ${path}\n\n${meaning}\n\n`;
  const rows = keys.map((key) =>
    `| \`${key.name}\` | ${key.meaning} | ${key.allowed} | ${key.initial} |`.replaceAll(/ {2,}/g, ' '),
  );
  return `${head}| key | meaning | values | default |\n|---|---|---|---|\n${rows.join('\n')}\n`;
}

function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}

interface Nested {
  readonly schema: z.ZodType;
  readonly path: string;
  readonly kind: string;
}

/** The mapping of known keys that stands in a value: itself, each of a list, or each of a mapping of names. */
function nestedIn(schema: z.ZodType, path: string): Nested | undefined {
  const { type, element, valueType, options = [] } = definitionOf(unwrapped(schema));
  switch (type) {
    case 'object':
      return { schema: unwrapped(schema), path, kind: 'a mapping' };
    case 'array':
      return element === undefined ? undefined : within(nestedIn(element, `${path}[]`), 'a list of mappings');
    case 'record':
      return valueType === undefined
        ? undefined
        : within(nestedIn(valueType, `${path}.NAME`), 'a mapping of names to mappings');
    case 'union':
      return options
        .map((option) => within(nestedIn(option, path), allowedOf(schema)))
        .find((inner) => inner !== undefined);
    default:
      return undefined;
  }
}

function within(inner: Nested | undefined, kind: string): Nested | undefined {
  return inner === undefined || inner.kind !== 'a mapping' ? undefined : { ...inner, kind };
}

/** Without what only says whether it may be left out. */
function unwrapped(schema: z.ZodType): z.ZodType {
  const { type, innerType } = definitionOf(schema);
  const isWrapper = type === 'optional' || type === 'default' || type === 'prefault';
  return isWrapper && innerType !== undefined ? unwrapped(innerType) : schema;
}

/** What the schema itself answers to a wrong value. */
function allowedOf(schema: z.ZodType): string {
  const plain = unwrapped(schema);
  const { type, in: read, error } = definitionOf(plain);
  if (type === 'pipe' && read !== undefined) return allowedOf(read);
  const told = error?.({ code: 'invalid_type', input: undefined });
  const text = typeof told === 'string' ? told : (told?.message ?? type);
  // How amounts and durations are written stands above the tables.
  return escaped(text.replace(/, (at most \d decimals, )?such as [^|]*$/, ''));
}

function initialOf(schema: z.ZodType): string {
  const { type, defaultValue } = definitionOf(schema);
  switch (type) {
    case 'default':
      return `\`${escaped(writtenAs(schema, defaultValue))}\``;
    case 'prefault':
      return '';
    case 'optional':
      // Where something stands in for it, its meaning says what.
      return /left out/i.test(schema.description ?? '') ? '' : 'none';
    default:
      return 'required';
  }
}

/** The default as a user would write it: a duration is milliseconds only behind its schema. */
function writtenAs(schema: z.ZodType, value: unknown): string {
  const inner = unwrapped(schema);
  if (typeof value === 'number') {
    const duration = formatDuration(value);
    const read = inner.safeParse(duration);
    return read.success && read.data === value ? duration : String(value);
  }
  if (typeof value === 'string') return value;
  return JSON.stringify(value).replaceAll('"', '').replaceAll(',', ', ');
}

function escaped(text: string): string {
  return text.replaceAll('|', '\\|');
}
