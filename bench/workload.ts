/** Frames and keys to measure with, the same ones in every run. */

/** Deterministic numbers (mulberry32), so that two runs measure the same bytes. */
export function randomU32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  };
}

export function randomBytes(length: number, seed: number): Uint8Array {
  const random = randomU32(seed);
  const words = new Uint32Array(Math.ceil(length / 4));
  for (let i = 0; i < words.length; i++) words[i] = random();
  return new Uint8Array(words.buffer, 0, length);
}

/** count frames of frameBytes (from 42 on) without FCS: Ethernet, IPv4, UDP, random payload; each is a flow of its own. */
export function udpFrames(count: number, frameBytes: number, seed = 1): Uint8Array[] {
  const random = randomU32(seed);
  return Array.from({ length: count }, () => {
    const frame = Uint8Array.from({ length: frameBytes }, random);
    const view = new DataView(frame.buffer);
    frame.set([0x02, 0, 0, 0, 0, 0x01, 0x02, 0, 0, 0, 0, 0x02, 0x08, 0x00, 0x45, 0]);
    view.setUint16(16, frameBytes - 14);
    view.setUint16(20, 0); // no fragment
    frame.set([64, 17], 22);
    view.setUint16(38, frameBytes - 34);
    return frame;
  });
}
