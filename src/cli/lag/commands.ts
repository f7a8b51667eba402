/** The commands under `ringlane lag`. */
import { type Command, Option } from "commander";
import { GENERATIONS, HASH_POLICIES } from "../../index.js";
import { finish, noJsonOnDataStdout, number } from "../arguments.js";
import { lagAudit } from "./audit.js";
import { DEFAULT_MEMBERS, POLICIES } from "./options.js";
import { lagFlowFor, lagPredict } from "./predict.js";

export function lagCommands(lag: Command): void {
  hashOptions(lag.command("audit"))
    .description(
      "how a capture's frames, bytes and flows would spread; imbalance is of bytes where nothing else is said",
    )
    .argument("<capture>", "pcap or pcapng, .gz; - for stdin")
    .option("--ecmp <next hops>", "polarization behind an ECMP stage", number)
    .addOption(new Option("--ecmp-hash <policy>", "what that goes by (aix-src-port)").choices(HASH_POLICIES))
    .option("--out <file.pcapng>", "the capture with an interface for each member, and why each frame went there")
    .action((file, options) => {
      noJsonOnDataStdout(options.out, options);
      return finish(lagAudit(file, options));
    });
  flowOptions(lag.command("predict"))
    .description("where a flow goes, and why")
    .action((options) => finish(lagPredict(options)));
  flowOptions(lag.command("flow-for"))
    .description("a flow that goes to a member; exit code 1 when what is fixed leaves none")
    .option("--member <number>", "counted from 0", number)
    .option("--port <name>", "the same by name, with --plan")
    .action((options) => finish(lagFlowFor(options)));
}

/** What may be said of a flow; what is not said is made up. */
function flowOptions(command: Command): Command {
  return hashOptions(command)
    .option("--partition <name>", "of the plan")
    .option("--src <ip>", "source address")
    .option("--dst <ip>", "destination address")
    .option("--proto <protocol>", "udp, tcp or a number (udp)")
    .option("--sport <port>", "source port", number)
    .option("--dport <port>", "destination port", number)
    .option("--src-mac <mac>", "source MAC address")
    .option("--dst-mac <mac>", "destination MAC address")
    .option("--vlan <id>", "802.1Q VLAN", number);
}

/** What all of them have. Nothing has a default here: what a plan says must not be said twice. */
function hashOptions(command: Command): Command {
  const generations = GENERATIONS.map(({ name }) => name).join(", ");
  return command
    .addOption(new Option("--hash <policy>", "what members are chosen by (layer3+4)").choices(POLICIES))
    .option("--generation <name>", `of Linux bonding's policies, the newest by default: ${generations}`)
    .addOption(new Option("--headers <which>", "headers that are hashed (outer)").choices(["outer", "inner"]))
    .option("--key <hex>", "toeplitz: 40 bytes or more")
    .option("--no-ports", "toeplitz: addresses alone")
    .option("--basis <number>", "slb: bond-hash-basis", number)
    .option("--members <number>", `members of the LAG, 1 to 32 (${DEFAULT_MEMBERS})`, number)
    .option("--buckets <number>", "resilient buckets, instead of hash mod members", number)
    .option("--plan <file>", "partitions and their ports (YAML), instead of members and hash")
    .option("--json", "one JSON object on stdout");
}
