/** Words and numbers of the page. */
import { whole } from "../numbers.js";

/** Names in a row are no more than these: the rest is counted. */
const NAMES_MAX = 6;

/** "1 frame", "2 frames", "1,200 frames". */
export function count(n: number, one: string, many = `${one}s`): string {
  return `${whole(n)} ${n === 1 ? one : many}`;
}

export function percent(share: number): string {
  return `${rounded(share * 100, 1)} %`;
}

export function millis(ms: number): string {
  return `${rounded(ms, ms < 10 ? 2 : 0)} ms`;
}

export function rounded(n: number, digits: number): string {
  return n.toLocaleString("en-US", { maximumFractionDigits: digits });
}

export function names(all: readonly string[]): string {
  const left = all.length - NAMES_MAX;
  return left > 0 ? `${all.slice(0, NAMES_MAX).join(", ")} and ${left} more` : all.join(", ");
}
