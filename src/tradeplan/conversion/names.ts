/** Names of LiuAlgoTrader's classes as a plan's ids. */

const ID_CHARACTERS_MAX = 40;

/** `MomentumLong` and `momentum_long` are `momentum-long`; another of that name gets `-2`. */
export class Ids {
  readonly #taken = new Set<string>();

  idOf(name: string): string {
    const words = name
      .replace(/([a-z0-9])([A-Z])/g, '$1-$2')
      .replace(/([A-Z])([A-Z][a-z])/g, '$1-$2')
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^[^a-z]+|-+$/g, '');
    const id = (words === '' ? 'unnamed' : words).slice(0, ID_CHARACTERS_MAX).replace(/-+$/, '');
    let free = id;
    for (let count = 2; this.#taken.has(free); count += 1) {
      const end = `-${count}`;
      free = `${id.slice(0, ID_CHARACTERS_MAX - end.length)}${end}`;
    }
    this.#taken.add(free);
    return free;
  }
}
