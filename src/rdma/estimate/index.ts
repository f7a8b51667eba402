/** What consolidation would have done to a trace. */
export {
  type DestinationFigures as RdmaDestinationFigures,
  type EstimateMessage as RdmaEstimateMessage,
  RdmaEstimate,
} from "./estimate.js";
export type {
  EstimateFigures as RdmaEstimateFigures,
  TransferFigures as RdmaTransferFigures,
  WindowFigures as RdmaWindowFigures,
} from "./figures.js";
export {
  type CheckedEstimateOptions,
  ESTIMATE_BOUNDS as RDMA_ESTIMATE_BOUNDS,
  type RdmaEstimateOptions,
} from "./options.js";
export type { MessageWay as RdmaMessageWay } from "./tally.js";
export {
  ESTIMATE_OPERATIONS as RDMA_ESTIMATE_OPERATIONS,
  type EstimateOperation as RdmaEstimateOperation,
  PATH_MTUS as RDMA_PATH_MTUS,
} from "./wire-cost.js";
