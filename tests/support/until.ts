/** Waits for a condition, looking again and again; never for a time. */
const LOOK_AGAIN_MS = 50;
/** A look that starts a process leaves the machine to what is waited for, for so many times as long as it took. */
const REST_SHARE = 2;

export async function until(
  condition: () => boolean | Promise<boolean>,
  options: {
    what: string;
    timeoutMs?: number;
    /** Whatever tells why it was in vain. */
    evidence?: () => string;
  },
): Promise<void> {
  const timeoutMs = options.timeoutMs ?? 20_000;
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const lookedMs = performance.now();
    if (await condition()) return;
    const tookMs = performance.now() - lookedMs;
    if (performance.now() > deadline) {
      const evidence = options.evidence === undefined ? '' : `:\n${options.evidence()}`;
      throw new Error(`waited ${timeoutMs} ms in vain for ${options.what}${evidence}`);
    }
    await new Promise((done) => setTimeout(done, Math.max(LOOK_AGAIN_MS, REST_SHARE * tookMs)));
  }
}
