export {
  AggregateCodec,
  type AggregateCodecOptions,
  type AggregateMessage,
  createAggregateCodec,
  type PackedAggregate,
  type UnpackedAggregate,
} from "./codec.js";
export { type AggregateFault, faultText as aggregateFaultText } from "./faults.js";
