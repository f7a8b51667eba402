import { layer34Burst } from "./layer34";
export function hashBurst(config: usize, list: usize, out: usize, n: u32): void {
  layer34Burst(list, out, n);
}
