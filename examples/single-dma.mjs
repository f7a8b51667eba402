// System 1: one descriptor a frame. A stack asks for a buffer for its payload, writes it in place, puts headers in front,
// and the whole leaves as one span. Run it: `npm run build && node examples/single-dma.mjs`
import { createEngine } from "ringlane";

// The pool's headroom is made for these headers. A stack that needs more is refused here, not by a lost packet.
const engine = await createEngine({ headers: ["ethernet", "ipv4", "udp"] });
const port = engine.addPort("nic", { scatterGather: true });

const ethernet = Uint8Array.of(2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x08, 0x00);
const ipv4 = Uint8Array.of(0x45, 0, 0, 41, 0, 0, 0x40, 0, 64, 17, 0xb6, 0xc0, 192, 0, 2, 1, 192, 0, 2, 2);
const udp = Uint8Array.of(0x30, 0x39, 0, 7, 0, 21, 0, 0);
const payload = new TextEncoder().encode("hello, world\n");

// 1. Single DMA: the payload is written where it will leave from.
const frame = port.reserve(payload.length);
frame.payload.set(payload);
for (const header of [udp, ipv4, ethernet]) frame.prepend(header);
port.post(frame);

// 2. What a stack without headroom does: headers and payload are two buffers, so two descriptors.
const alone = port.reserve(payload.length);
alone.payload.set(payload);
const headers = Uint8Array.of(...ethernet, ...ipv4, ...udp);
port.postFragments(headers, [alone], "scatter");

// A driver takes what was posted.
const sent = port.takeBurst();
for (const { spans, length } of sent) console.log(`${length} bytes in ${spans.length} descriptor(s)`);
const [one, two] = sent.map(({ spans }) => Buffer.concat(spans));
console.log(`the same bytes on the wire: ${one.equals(two)}`);
port.complete(sent);

const { free, total, holds } = engine.census();
console.log(`${free} of ${total} buffers free, the census ${holds ? "holds" : "FAILS"}`);
