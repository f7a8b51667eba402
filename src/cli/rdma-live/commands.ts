/** `ringlane rdma serve`, `ping` and `perf`: two processes and RoCEv2 between them. */
import type { Command } from "commander";
import { finish } from "../arguments.js";
import { withPerfOptions, withPingOptions, withServeOptions } from "./options.js";
import { rdmaPerf } from "./perf.js";
import { rdmaPing } from "./ping.js";
import { rdmaServe } from "./serve.js";

const PEER = "the server's IPv4 or IPv6 address";

export function rdmaLiveCommands(rdma: Command): void {
  const serve = rdma
    .command("serve")
    .description(
      "the other end of ping and perf (what rping -s and ib_write_bw without a host are to theirs): RoCEv2 over UDP port 4791, until Ctrl-C",
    );
  withServeOptions(serve).action((options) => finish(rdmaServe(options)));
  const ping = rdma
    .command("ping")
    .description(
      "connect by the RDMA connection manager, SEND messages that come back, compare and time them; exit code 1 unless all come back",
    )
    .argument("<peer>", PEER);
  withPingOptions(ping).action((peer, options) => finish(rdmaPing(peer, options)));
  const perf = rdma
    .command("perf")
    .description("how many messages and bytes a second one connection carries, and what was sent again for it")
    .argument("<peer>", PEER);
  withPerfOptions(perf).action((peer, options) => finish(rdmaPerf(peer, options)));
}
