/**
 * What describes a strategy's parameters: the schemas of zod, as `z`. Only these, because a namespace is bundled whole
 * and zod's translations into fifty languages alone would be two thirds of every strategy. Who needs more of zod
 * imports it by its own name.
 */
export {
  any,
  array,
  boolean,
  coerce,
  custom,
  discriminatedUnion,
  enum,
  type infer,
  type input,
  int,
  intersection,
  lazy,
  literal,
  null,
  nullable,
  number,
  object,
  optional,
  type output,
  record,
  strictObject,
  string,
  templateLiteral,
  transform,
  tuple,
  undefined,
  union,
  unknown,
  type ZodType,
} from 'zod';
