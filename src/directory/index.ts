/** The directory's part of the public API; the one on NATS servers is an entry of its own, ringlane/nats. */
export type { Block, ChangeListener, Directory, Watch } from "./directory.js";
export { EmbeddedDirectory, type EmbeddedDirectoryOptions } from "./embedded.js";
export * from "./errors.js";
export {
  type DirectoryChange,
  ENCAPSULATION_NAMES,
  type EncapsulationName,
  type EndpointQuery,
  type EndpointRecord,
  type HostRecord,
  type HostState,
  type Resolution,
  type WatchFilter,
} from "./records.js";
export { DirectoryStore, type StoreOptions } from "./store.js";
