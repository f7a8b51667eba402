// System 5: two agents in one process, and 16 streams between them that ask and answer as HTTP does. What they write at the same instant
// goes in one RDMA transfer, and none of them knows. Run it: `npm run build && node examples/sockets.mjs`
import { Agent, agentSizes, createEngine, Loopback } from "ringlane";

// 1. An agent needs an engine with an RDMA device. Here the two have a cable between them; with real drivers they need not be in one process.
async function makeAgent(local) {
  const engine = await createEngine({ payloadBytes: 4608, rdma: agentSizes() });
  const port = engine.addPort("roce");
  const random = () => crypto.getRandomValues(new Uint32Array(1))[0];
  const agent = new Agent({ device: engine.addRdma({ port }), local, random });
  return { port, agent };
}
const [client, server] = [await makeAgent("192.0.2.1"), await makeAgent("192.0.2.2")];
const cable = new Loopback(client.port, server.port);

// 2. Time is whatever the driver says: here it jumps on by 10 us, and both work.
let nowMs = 0;
function until(isDone) {
  while (!isDone()) {
    nowMs += 0.01;
    for (const { agent } of [client, server]) agent.poll(nowMs);
    cable.pump();
  }
}

// 3. A stream's user is a handler. What it does not say it has used up, the peer may not send more of.
const [encoder, decoder] = [new TextEncoder(), new TextDecoder()];
function user(stream, onText) {
  return {
    stream,
    isOpen: false,
    isClosed: false,
    onOpen() {
      this.isOpen = true;
    },
    onData(bytes) {
      this.stream.consumed(bytes.length);
      onText(decoder.decode(bytes), this.stream);
    },
    onEnd() {
      this.stream.end();
    },
    onWritable() {},
    onClose(error) {
      this.isClosed = true;
      if (error) console.log(`a stream was broken off: ${error}`);
    },
  };
}
const write = (stream, text) => stream.write(encoder.encode(text));

// 4. The server answers each request.
server.agent.listen(80, (stream) =>
  user(stream, (request, end) => write(end, `HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n${request.slice(5, 8)}`)),
);

// 5. The client's streams ask at the same time, 100 times.
const [STREAMS, ROUNDS] = [16, 100];
let answers = 0;
const clients = Array.from({ length: STREAMS }, () => {
  const handler = user(undefined, () => answers++);
  handler.stream = client.agent.connect({ address: "192.0.2.2", port: 80 }, handler);
  return handler;
});
until(() => clients.every(({ isOpen }) => isOpen));
for (let round = 0; round < ROUNDS; round++) {
  for (const { stream } of clients)
    write(stream, `GET /${String(round).padStart(3, "0")} HTTP/1.1\r\nhost: 192.0.2.2\r\n\r\n`);
  until(() => answers === (round + 1) * STREAMS);
}
for (const [name, { agent }] of Object.entries({ client, server })) {
  for (const { remote, counters } of agent.sessions) {
    const { messages, aggregates, wholes, payloadBytes, wireBytes, utilization } = counters;
    console.log(`${name} to ${remote}: ${messages} messages in ${aggregates + wholes} transfers`);
    console.log(`  ${payloadBytes} of ${wireBytes} bytes are payload: ${(utilization * 100).toFixed(1)} %`);
  }
}
for (const { stream } of clients) stream.end();
until(() => clients.every(({ isClosed }) => isClosed));
console.log(`${answers} answers; all streams are closed`);
