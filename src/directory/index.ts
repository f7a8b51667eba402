/** The directory: who is where. The one on NATS servers has an entry of its own, ringlane/nats. */
export type { Block, ChangeListener, Directory, Watch } from "./directory.js";
export { EmbeddedDirectory, type EmbeddedDirectoryOptions } from "./embedded.js";
export {
  BlockInUse,
  BlocksExhausted,
  DirectoryClosed,
  DirectoryUnavailable,
  LeaseExpired,
  StaleGeneration,
} from "./errors.js";
export type {
  DirectoryChange,
  EncapsulationName,
  EndpointQuery,
  EndpointRecord,
  HostRecord,
  HostState,
  Resolution,
  WatchFilter,
} from "./records.js";
export { DirectoryStore, type StoreOptions } from "./store.js";
