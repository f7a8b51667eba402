/**
 * Weighted progressive filling (max-min fairness; D. Bertsekas, R. Gallager: Data Networks, section 6.5.2): what there is rises in all
 * vessels together, each as wide as its weight, on top of what is in it, until it is full or nothing is left.
 */
export interface Vessel {
  readonly weight: number;
  /** What it has already, beyond what everybody is sure of. */
  readonly has: number;
  /** What it would take. */
  readonly wants: number;
}

/** More than what levels of mbufs are rounded by, so that rounding up never gives what is not there. */
const ROUNDING = 1e-6;

/** What each gets of room, in whole mbufs; of what is left over by rounding, the first get one each. */
export function fillByWeight(vessels: readonly Vessel[], room: number): number[] {
  const wanted = vessels.reduce((sum, { wants }) => sum + wants, 0);
  if (wanted <= room) return vessels.map(({ wants }) => wants);
  const level = levelOf(vessels, room);
  const given = vessels.map(({ weight, has, wants }) => {
    return Math.min(wants, Math.max(0, Math.floor(level * weight - has - ROUNDING)));
  });
  let left = room - given.reduce((sum, n) => sum + n, 0);
  for (const [i, { weight, has, wants }] of vessels.entries()) {
    if (left <= 0) break;
    // Only those whom the level reaches, and who are not full.
    if (level * weight <= has || (given[i] as number) >= wants) continue;
    given[i] = (given[i] as number) + 1;
    left--;
  }
  return given;
}

/** How high it rises, by weight: from one vessel's bottom or brim to the next, as long as there is room. */
function levelOf(vessels: readonly Vessel[], room: number): number {
  const bends = vessels.flatMap(({ weight, has, wants }) => [
    { at: has / weight, width: weight },
    { at: (has + wants) / weight, width: -weight },
  ]);
  bends.sort((a, b) => a.at - b.at);
  let [level, width, left] = [bends[0]?.at ?? 0, 0, room];
  for (const bend of bends) {
    const needed = (bend.at - level) * width;
    if (needed > left) break;
    left -= needed;
    level = bend.at;
    width += bend.width;
  }
  return width > 0 ? level + left / width : level;
}
