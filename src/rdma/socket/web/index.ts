/** Streams of an agent as WHATWG streams, in pages and in Node. */
export { connectStreams } from "./connect.js";
export { type ListenStreamsOptions, listenStreams } from "./listen.js";
export type { StreamOpenInfo, StreamPair, StreamPairOptions } from "./pair.js";
export { StreamError } from "./stream-error.js";
