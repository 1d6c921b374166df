/** What a request's parameters must be. */
import type { z } from 'zod';
import { EXIT_USAGE, UserError } from '../../domain/exit.ts';

/** @throws {UserError} exit 2 where they are not as the daemon knows them. */
export function given<Shape extends z.ZodType>(
  method: string,
  shape: Shape,
  parameters: unknown,
): z.output<Shape> {
  const result = shape.safeParse(parameters);
  if (result.success) return result.data;
  throw new UserError({
    exitCode: EXIT_USAGE,
    cause: `the parameters of ${method} are not as the daemon knows them`,
    remedy: 'Use an openbell command of the same version as the daemon.',
  });
}
