/** The parts of the engine that a scenario can be about, by short names, in the order in which people are told of them. */
export const SYSTEMS = ["single-dma", "uplinks", "queue-pairs", "overlay", "sockets", "migration", "limits"] as const;

export type System = (typeof SYSTEMS)[number];
