/** Whose a VM is, in the directory's words, and the two questions that are asked about it. docs/migration-move.md maps them. */

/** What an owner's adapters began with: the state that was moved, nothing (as after a reset), or what they had all along. */
export const STARTS = ["state", "blank", "kept"] as const;
export type Start = (typeof STARTS)[number];

/** One record for all adapters of a VM. */
export interface Ownership {
  readonly host: string;
  /** Raised by every claim: the first claim of a generation has it. */
  readonly generation: number;
  readonly start: Start;
}

/** The record, and whether its host has a lease. */
export interface OwnershipState extends Ownership {
  readonly isAlive: boolean;
}

export type DirectoryRequest =
  /**
   * Compare and set: accepted when the record's generation is one less, or when the record is this one already; otherwise the answer is
   * who has it.
   */
  | { readonly kind: "claim"; readonly request: number; readonly claim: Ownership }
  | { readonly kind: "read"; readonly request: number };

export type DirectoryAnswer =
  | { readonly kind: "accepted"; readonly request: number }
  | { readonly kind: "refused"; readonly request: number; readonly owner: Ownership }
  | { readonly kind: "read"; readonly request: number; readonly owner: OwnershipState };
