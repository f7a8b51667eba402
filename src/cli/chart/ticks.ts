/** Round figures for an axis. */

const ROUND = [1, 2, 2.5, 5, 10];

/** About so many round figures from the first below from to the first above to. */
export function ticksOf(from: number, to: number, about: number): number[] {
  const rough = (to - from) / about;
  if (!(rough > 0)) return [from];
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = (ROUND.find((factor) => factor * power >= rough) ?? 10) * power;
  const [first, last] = [Math.floor(from / step), Math.ceil(to / step)];
  // A product, not a sum: it does not gather errors. Rounded, since 3 × 0.1 is not 0.3.
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}
