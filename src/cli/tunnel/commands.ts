/** `ringlane encap` and `ringlane decap`, and their options. */
import { type Command, Option } from "commander";
import { finish, noJsonOnDataStdout, number } from "../arguments.js";
import { dscp, geneveOption } from "./arguments.js";
import { decapFile } from "./decap.js";
import { addForms, formOf } from "./forms.js";
import type { EncapOptions } from "./options.js";

export function tunnelCommands(program: Command): void {
  addForms(program.command("encap").description("put every frame of a capture into an encapsulation"))
    .argument("<in>", "capture, - for stdin")
    .argument("<out>", "capture (.pcap, .pcapng, .gz), - for stdout")
    .option("--vni <number>", "network identifier; between queue pairs, their queue key", number)
    .option("--src <ip>", "outer source address")
    .option("--dst <ip>", "outer destination address")
    .option("--src-mac <mac>", "outer source MAC address")
    .option("--dst-mac <mac>", "outer destination MAC address")
    .option("--vlan <id>", "outer 802.1Q VLAN", number)
    .option("--ttl <number>", "outer time to live", number)
    .option("--dscp <number>", 'outer DSCP, 0 to 63, or "uniform": that of the frame inside', dscp)
    .option("--no-ecn", "leave the outer ECN field zero instead of copying the inner one")
    .option("--mtu <bytes>", "the underlay's MTU: leave out what is too big for it", number)
    .addOption(new Option("--udp-checksum <kind>", "outer UDP checksum").choices(["zero", "full"]))
    .option("--inner-vlan", "carry VLAN tags instead of taking them out")
    .option("--option <class:type:hex>", "Geneve option, such as 0x0102:1:deadbeef; once for each", geneveOption)
    .option("--qpn <number>", "destination queue pair", number)
    .option("--source-qpn <number>", "source queue pair", number)
    .option("--psn <number>", "first packet sequence number between queue pairs", number, 0)
    .option("--slid <number>", "InfiniBand: source local identifier", number)
    .option("--dlid <number>", "InfiniBand: destination local identifier", number)
    .option("--sl <number>", "InfiniBand: service level", number)
    .option("--vl <number>", "InfiniBand: virtual lane", number)
    .option("--json", "one JSON object on stdout")
    .action((from: string, to: string, options: EncapOptions, command: Command) => {
      noJsonOnDataStdout(to, options);
      return finish(formOf(command).encap(from, to, options));
    });

  program
    .command("decap")
    .description(
      "take the inner frames out of a capture's VXLAN, Geneve, VXLAN-GPE, NVGRE, RoCEv2 and (ERF) InfiniBand",
    )
    .argument("<in>", "capture, - for stdin")
    .argument("<out>", "capture (.pcap, .pcapng, .gz), - for stdout")
    .option("--vni <number>", "only this network", number)
    .option("--udp-port <number>", "VXLAN's UDP port", number, 4789)
    .option("--strict", "refuse reserved bits that are set in tunnels' headers")
    .option("--json", "one JSON object on stdout")
    .action((from, to, options) => {
      noJsonOnDataStdout(to, options);
      return finish(decapFile(from, to, options));
    });
}
