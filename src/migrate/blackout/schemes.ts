/** How a network learns that a VM has moved. */
export const BLACKOUT_SCHEMES = ["flood-and-learn", "announcement", "route-update", "directory-push"] as const;
export type BlackoutScheme = (typeof BLACKOUT_SCHEMES)[number];
