/**
 * The account of mbufs: who holds how many, and may hold how many. The data plane keeps it (assembly/mbuf/limit.ts); the limiter reads
 * its windows and writes its limits.
 */
import type { LimitWindow } from "./window.js";

/** Why an owner's window must be closed before its time. */
export interface Due {
  readonly owner: number;
  readonly closedBy: "descriptors" | "pressure";
}

export interface Ledger {
  /** A new owner's number: it holds nothing, and may hold limit mbufs. Throws ConfigError when there are as many as planned. */
  open(limit: number, mark: number, windowDescriptors: number): number;
  /** Forgets an owner that holds nothing; its number may come again. */
  shut(owner: number): void;
  /** Sets an owner's limit, and the mark: once more mbufs than that are in use, its window is due ("pressure"), once a window. */
  set(owner: number, limit: number, mark: number): void;
  inUse(owner: number): number;
  /** Owners whose window is due, each once, until it is closed. */
  due(): Due[];
  /** What the owner did since its window began; the next begins now. */
  close(owner: number): Omit<LimitWindow, "closedBy" | "ms">;
}
