/** As many mbufs as a limiter counts. */
export const WALL_MAX = 2 ** 24;
