/** Waits for a condition, looking again and again; never for a time. */
const LOOK_AGAIN_MS = 50;

export async function until(
  condition: () => boolean | Promise<boolean>,
  options: { what: string; timeoutMs?: number },
): Promise<void> {
  const timeoutMs = options.timeoutMs ?? 20_000;
  const deadline = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`waited ${timeoutMs} ms in vain for ${options.what}`);
    await new Promise((done) => setTimeout(done, LOOK_AGAIN_MS));
  }
}
