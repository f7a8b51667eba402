/** Every question that the benchmark can be asked, in the order in which it answers all of them. */
import { aggregation } from "./aggregation.js";
import type { CPeers } from "./c-peers.js";
import { capture } from "./capture.js";
import { checksum } from "./checksum.js";
import { cores } from "./cores.js";
import { crc } from "./crc.js";
import { encap } from "./encap.js";
import { forward } from "./forward.js";
import { gains } from "./gains.js";
import { health } from "./health.js";
import { lag } from "./lag.js";
import { limit } from "./limit.js";
import { overlay, overlayLarge } from "./overlay.js";
import { pipeline } from "./pipeline.js";
import type { Question } from "./question.js";
import { rdma } from "./rdma.js";
import { ring } from "./ring.js";
import { scaling } from "./scaling.js";
import { singleDma } from "./single-dma.js";
import { state } from "./state.js";
import { stream } from "./stream.js";
import { table, tableLarge } from "./table.js";
import { toeplitz } from "./toeplitz.js";

export function questions(cPeers: CPeers): Question[] {
  return [
    ...[checksum, crc, toeplitz, table, tableLarge, ring, stream, state, rdma, encap, lag, pipeline].map((kernel) =>
      kernel(cPeers),
    ),
    ...[overlay, overlayLarge, limit, health, aggregation, gains, singleDma, capture, forward(cPeers), cores, scaling],
  ];
}
