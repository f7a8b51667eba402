/** `ringlane encap` and `ringlane decap`, and their options. */
import { type Command, Option } from "commander";
import { finish, noJsonOnDataStdout, number } from "../arguments.js";
import { dscp, geneveOption } from "./arguments.js";
import { decapFile } from "./decap.js";
import { encapFile } from "./encap.js";
import { addForms, takeForm } from "./forms.js";

export function tunnelCommands(program: Command): void {
  addForms(program.command("encap").description("put every frame of a capture into a tunnel"))
    .argument("<in>", "capture, - for stdin")
    .argument("<out>", "capture (.pcap, .pcapng, .gz), - for stdout")
    .requiredOption("--vni <number>", "network identifier", number)
    .requiredOption("--src <ip>", "outer source address")
    .requiredOption("--dst <ip>", "outer destination address")
    .option("--src-mac <mac>", "outer source MAC address")
    .option("--dst-mac <mac>", "outer destination MAC address")
    .option("--vlan <id>", "outer 802.1Q VLAN", number)
    .option("--ttl <number>", "outer time to live", number)
    .option("--dscp <number>", 'outer DSCP, 0 to 63, or "uniform": that of the frame inside', dscp)
    .option("--no-ecn", "leave the outer ECN field zero instead of copying the inner one")
    .option("--inner-vlan", "carry VLAN tags instead of taking them out")
    .option("--option <class:type:hex>", "Geneve option, such as 0x0102:1:deadbeef; once for each", geneveOption)
    .option("--mtu <bytes>", "the underlay's MTU: leave out what is too big for it", number)
    .addOption(new Option("--udp-checksum <kind>", "outer UDP checksum").choices(["zero", "full"]))
    .option("--json", "one JSON object on stdout")
    .action((from, to, given) => {
      noJsonOnDataStdout(to, given);
      const { encapsulation, rest } = takeForm(given);
      const { src, dst, srcMac, dstMac, option, mtu, ...options } = rest;
      const ends = { local: src, remote: dst, sourceMac: srcMac, nextHopMac: dstMac };
      return finish(encapFile(from, to, { ...options, ...ends, encapsulation, geneveOptions: option, mtuBytes: mtu }));
    });

  program
    .command("decap")
    .description("take the inner frames out of a capture's VXLAN, Geneve, VXLAN-GPE and NVGRE")
    .argument("<in>", "capture, - for stdin")
    .argument("<out>", "capture (.pcap, .pcapng, .gz), - for stdout")
    .option("--vni <number>", "only this network", number)
    .option("--udp-port <number>", "VXLAN's UDP port", number, 4789)
    .option("--strict", "refuse reserved bits that are set")
    .option("--json", "one JSON object on stdout")
    .action((from, to, options) => {
      noJsonOnDataStdout(to, options);
      return finish(decapFile(from, to, options));
    });
}
