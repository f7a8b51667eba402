// The whole surface that a host can call. Pointers and counts, except loadTable, whose bytes go through as-bind. What has no
// caller in src/ is there for tests and benchmarks, which hold single kernels to their twins.
export {
  checksum,
  checksumBurst,
  complement,
  fold,
  sumBytes,
  update16,
  update32,
  update128,
  updateUdp16,
  updateUdp32,
  updateUdp128,
} from "./checksum";
export { crc16, crc16Burst, crc16Update } from "./crc/crc16";
export { crc32, crc32Burst, crc32Update } from "./crc/crc32";
export { crc32c, crc32cBurst, crc32cUpdate } from "./crc/crc32c";
export { icrcBurst, icrcIb, icrcIp } from "./crc/icrc";
export { crcInit } from "./crc/table";
export { completeBurst, queueNextSegments, takeBurst } from "./dma/device";
export { post, postBurst } from "./dma/post";
export {
  censusQueue,
  queueFree,
  queueInit,
  ringDoorbell,
} from "./dma/queue";
export { reapBurst, reapFree } from "./dma/reap";
export { censusRing, ringCount, ringDequeueBurst, ringEnqueueBurst, ringInit } from "./dma/ring";
export { gqpDecapBurst, gqpEncapBurst } from "./gqp/codec";
export { hashBurst } from "./hash/burst";
export { mix, murmur3, murmur3Burst, murmur3Into } from "./hash/murmur";
export { pickBurst } from "./hash/pick";
export { toeplitz, toeplitzBurst, toeplitzInit } from "./hash/toeplitz";
export { healthAge } from "./health/age";
export { healthBurst, healthObserve } from "./health/observe";
export { heapInit, loadTable } from "./heap";
export {
  identityAge,
  identityForget,
  identityInit,
  identityInsert,
  identityLookup,
  identityRemove,
} from "./lag/identity";
export { lagPickBurst } from "./lag/pick";
export { lagReceiveBurst } from "./lag/receive";
export { lagSendBurst } from "./lag/send";
export { lagSettle } from "./lag/settle";
export { censusBegin, censusChain, censusDoubles, censusList, censusPool } from "./mbuf/census";
export { copyInBurst, copyOutBurst } from "./mbuf/copy";
export { chargeBurst } from "./mbuf/ledger";
export { limitBatch, limitCharge, limitRelease } from "./mbuf/limit";
export { adj, append, chain, headroom, prepend, trim } from "./mbuf/mbuf";
export { ledgerTakeStrangers } from "./mbuf/peer";
export { alloc, allocBulk, allocBurst, free, freeBurst, linearize, poolInit, retain } from "./mbuf/pool";
export { sumChain } from "./mbuf/sum";
export { overlayAge, overlayFlushFlows, overlayRemove } from "./overlay/age";
export { overlayDispose, overlayTakeControl } from "./overlay/control";
export { overlayFlowsOf } from "./overlay/flows-of";
export { fragment } from "./overlay/fragment";
export { overlayGive } from "./overlay/give";
export { overlayGiveRing, overlayJoinHeld, overlayTakeHeld, overlayTakeRing } from "./overlay/held";
export { overlayAsk, overlayRemember } from "./overlay/miss";
export { clampMssBurst } from "./overlay/mss";
export { overlayBelieve, overlayRehome } from "./overlay/origin";
export { policyClassOf4, policyClassOf6, policyDecide } from "./overlay/policy";
export { overlayReceiveBurst } from "./overlay/receive";
export { overlayRelease } from "./overlay/release";
export { overlayResend } from "./overlay/resend";
export { overlaySendBurst } from "./overlay/send";
export { decapBurst, ecnApply, ecnOuter, encapBurst, encapHashed, encapParsedBurst, parseBurst } from "./path/codec";
export { discardBurst } from "./path/discard";
export { fillBurst } from "./path/fill";
export { flowHash } from "./path/hash";
export { macswapBurst } from "./path/macswap";
export { packBurst } from "./path/pack";
export { portPostBurst, portReceiveBurst } from "./path/port";
export { rxBurst } from "./path/rx";
export { spreadBurst } from "./path/spread";
export { streamOpen, streamPackBurst } from "./path/stream-pack";
export { streamUnpackBurst } from "./path/stream-unpack";
export { txBurst } from "./path/tx";
export { unpackBurst } from "./path/unpack";
export { verifyBurst } from "./path/verify";
export { rdmaFail, rdmaPostReceive, rdmaPostSend, rdmaResume } from "./rdma/post";
export { rdmaReceiveBurst } from "./rdma/receive";
export { receiverBurst, receiverNext, receiverRelease } from "./rdma/receiver";
export { rdmaSendBurst } from "./rdma/send";
export { senderComplete, senderPack, senderPost, senderRoom } from "./rdma/sender";
export { rdmaTick } from "./rdma/tick";
export { snapshotCheck, snapshotGather, snapshotMeasure, snapshotScatter } from "./snapshot/frames";
export { queueReset, queueTake, ringReset, snapshotQueue, snapshotRing } from "./snapshot/queue";
export { tableLookupBurst } from "./table/burst";
export { tableInsert, tableRemove } from "./table/insert";
export { tableLookup } from "./table/lookup";
export { tableInit } from "./table/table";
export { tableKey, tableNext, tableStats, tableValue } from "./table/walk";
