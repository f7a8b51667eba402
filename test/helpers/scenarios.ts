/** Scenarios as text: the example, and the plainest that there can be. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./files.js";

export const TWO_HOSTS = readFileSync(join(ROOT, "examples/two-hosts.yaml"), "utf8");

export const ONE_CABLE = `
title: two hosts, one overlay network
networks:
  blue:
    vni: 42
hosts:
  alpha:
    address: 192.0.2.1
    partitions:
      web: { network: blue }
  beta:
    address: 192.0.2.2
    partitions:
      db: { network: blue }
replays:
  - capture: captures/web-mix.pcap
    from: web
    to: db
`;
