// What became of a frame in a step of the overlay. Below OUT_LOCAL: the number of the uplink that it left by, whose doorbell is the
// loop's to ring. One that waits is still in its ring, untouched; every other frame is the overlay's no longer.
export const OUT_LOCAL: u32 = 0xfc;
export const OUT_DROPPED: u32 = 0xfd;
export const OUT_HELD: u32 = 0xfe;
export const OUT_WAITS: u32 = 0xff;
