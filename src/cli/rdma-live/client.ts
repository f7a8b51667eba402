/** What ping and perf share: a device of its own, a session, an end by Ctrl-C, and what the device has counted. */
import type { PathMtuBytes } from "../../index.js";
import { RdmaHost, type Work } from "./host.js";
import { checkIp, localAddressTo } from "./local-address.js";
import { Session } from "./session.js";
import type { Wish } from "./wish.js";

export interface ClientArguments {
  readonly bind?: string;
  readonly port: number;
  readonly mtu: PathMtuBytes;
  readonly size: number;
  readonly write?: string;
  readonly json?: boolean;
}

export interface ClientWork extends Work {
  /** Ends early, but in order. */
  stop(): void;
}

/** Packets, of both directions, and what went wrong with them. */
export type Packets = ReturnType<typeof packetsOf>;

export interface ClientEnd<W> {
  readonly local: string;
  readonly session: Session;
  readonly work: W;
  readonly packets: Packets;
}

const MEMORY_BYTES = 16 * 2 ** 20;

/** Connects and works until it is done. Throws ConfigError and PeerError. */
export async function runClient<W extends ClientWork>(
  remote: string,
  { bind, port, mtu, write }: ClientArguments,
  wish: Wish,
  makeWork: (session: Session) => W,
): Promise<ClientEnd<W>> {
  checkIp("peer", remote);
  if (bind !== undefined) checkIp("--bind", bind);
  const local = bind ?? (await localAddressTo(remote));
  const host = await RdmaHost.open({ bind: local, rdma: { memoryBytes: MEMORY_BYTES }, write });
  let stop = () => {};
  try {
    const session = new Session(host, { remote, port, wish, mtu });
    const work = makeWork(session);
    stop = () => {
      work.stop();
      host.wake();
    };
    process.on("SIGINT", stop);
    await host.run(work);
    return { local, session, work, packets: packetsOf(host) };
  } finally {
    process.off("SIGINT", stop);
    await host.close();
  }
}

function packetsOf({ device, driver }: RdmaHost) {
  const { sent, received, sentAgain, timeouts, sequenceNaksReceived, rnrNaksReceived } = device.counters;
  return {
    sent,
    received,
    retransmitted: sentAgain,
    timeouts,
    sequenceNaks: sequenceNaksReceived,
    rnrNaks: rnrNaksReceived,
    socketErrors: driver.counters.sendErrors,
  };
}
