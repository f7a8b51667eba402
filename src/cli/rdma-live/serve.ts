/** `ringlane rdma serve`: the other end of `ringlane rdma ping` and `ringlane rdma perf`, for many clients. */
import { ConfigError } from "../../index.js";
import { RdmaHost } from "./host.js";
import { checkIp } from "./local-address.js";
import { Server } from "./server.js";

export interface ServeArguments {
  readonly bind: string;
  readonly port: number;
  readonly once?: boolean;
  readonly write?: string;
}

const MEMORY_BYTES = 64 * 2 ** 20;
const SIZES = { queuePairs: 64, completions: 16_384, completionQueues: 2, regions: 64, memoryBytes: MEMORY_BYTES };

/** Exit code 0, when it is told to end. */
export async function rdmaServe({ bind, port, once = false, write }: ServeArguments): Promise<number> {
  checkIp("--bind", bind);
  if (port < 1 || port > 65_535) throw new ConfigError("--port", port, "a whole number from 1 to 65535");
  const host = await RdmaHost.open({ bind, rdma: SIZES, write });
  const server = new Server(host, { isOnce: once, say: (line) => process.stdout.write(`${line}\n`) });
  const stop = () => {
    server.stop(performance.now());
    host.wake();
  };
  process.on("SIGINT", stop).on("SIGTERM", stop);
  try {
    host.cm.listen(port);
    process.stdout.write(`listening at ${bind}, UDP port 4791, for RDMA connections to port ${port}\n`);
    await host.run(server);
  } finally {
    process.off("SIGINT", stop).off("SIGTERM", stop);
    await host.close();
  }
  return 0;
}
