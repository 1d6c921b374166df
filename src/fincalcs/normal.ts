/** The standard normal distribution. */

const SQUARE_ROOT_OF_TWO_PI = 2.506628274631;
/** Beyond it the probability is below the smallest double. */
const FURTHEST = 37;
const FAR = 7.07106781186547;
const NEAR_ABOVE = [
  3.52624965998911e-2, 0.700383064443688, 6.37396220353165, 33.912866078383, 112.079291497871,
  221.213596169931, 220.206867912376,
] as const;
const NEAR_BELOW = [
  8.83883476483184e-2, 1.75566716318264, 16.064177579207, 86.7807322029461, 296.564248779674,
  637.333633378831, 793.826512519948, 440.413735824752,
] as const;

/** Probability of a value up to `z`, with an error below 1e-14 (Hart 1968, as in West 2005, Better approximations). */
export function normalProbability(z: number): number {
  const distance = Math.abs(z);
  if (distance > FURTHEST) return z > 0 ? 1 : 0;
  const density = Math.exp((-distance * distance) / 2);
  const tail =
    distance < FAR
      ? (density * polynomial(NEAR_ABOVE, distance)) / polynomial(NEAR_BELOW, distance)
      : density / (SQUARE_ROOT_OF_TWO_PI * fraction(distance));
  return z > 0 ? 1 - tail : tail;
}

/** The value that a share of all values stays below; the inverse of {@link normalProbability}, by bisection. */
export function normalQuantile(share: number): number {
  if (share <= 0) return Number.NEGATIVE_INFINITY;
  if (share >= 1) return Number.POSITIVE_INFINITY;
  let low = -FURTHEST;
  let high = FURTHEST;
  // Each step halves the interval; after 60 it is narrower than a double can tell.
  for (let step = 0; step < 60; step += 1) {
    const middle = (low + high) / 2;
    if (normalProbability(middle) < share) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

function polynomial(coefficients: readonly number[], x: number): number {
  return coefficients.reduce((sum, coefficient) => sum * x + coefficient, 0);
}

function fraction(x: number): number {
  return x + 1 / (x + 2 / (x + 3 / (x + 4 / (x + 0.65))));
}
