// Single kernels, without an engine: checksums and CRCs of bytes at hand, and a table for flows.
// Run it: `npm run build && node examples/toolkit.mjs`
import { createFlowTable, createToolkit, NOT_FOUND } from "ringlane";

const toolkit = await createToolkit();
const frame = toolkit.take(1500); // in the data plane's memory: kernels read it where it is
frame.fill(0x5a);
console.log("Internet checksum", toolkit.checksum(frame).toString(16));
console.log("Ethernet FCS     ", toolkit.crc32(frame).toString(16));
console.log("in one crossing  ", toolkit.batch([frame.subarray(0, 64), frame]).crc32s());

// Receive-side scaling: which queue would an adapter pick for 66.9.149.187:2794 → 161.142.100.80:1766?
const tuple = Uint8Array.of(66, 9, 149, 187, 161, 142, 100, 80, 2794 >> 8, 2794 & 255, 1766 >> 8, 1766 & 255);
console.log("Toeplitz hash    ", toolkit.toeplitz(tuple).toString(16));

const flows = await createFlowTable({ keyBytes: 16, capacity: 1000 });
const key = new Uint8Array(16);
key.set(tuple);
flows.set(key, 7);
console.log("flow             ", flows.get(key), "of", flows.size);
flows.delete(key);
console.log("deleted          ", flows.getBurst(key)[0] === NOT_FOUND);
