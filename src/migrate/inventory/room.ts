/** What an adapter has a number of, and every VM takes some of. */
export const ROOM_KINDS = ["queuePairs", "mbufs", "functions"] as const;
export type RoomKind = (typeof ROOM_KINDS)[number];

export type Room = Readonly<Record<RoomKind, number>>;

export const NO_ROOM: Room = { queuePairs: 0, mbufs: 0, functions: 0 };

export function plus(a: Room, b: Room): Room {
  return mapRoom((kind) => a[kind] + b[kind]);
}

/** Below zero where b is more than there is. */
export function minus(a: Room, b: Room): Room {
  return mapRoom((kind) => a[kind] - b[kind]);
}

export function mapRoom(value: (kind: RoomKind) => number): Room {
  return { queuePairs: value("queuePairs"), mbufs: value("mbufs"), functions: value("functions") };
}
