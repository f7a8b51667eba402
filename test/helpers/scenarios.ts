/** Scenarios as text: the examples, and the plainest that there can be. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./files.js";

export const TWO_HOSTS = readFileSync(join(ROOT, "examples/two-hosts.yaml"), "utf8");
export const THREE_HOSTS = readFileSync(join(ROOT, "examples/three-hosts.yaml"), "utf8");

/** The MAC addresses of the example captures' two ends, the client's first. */
export const CLIENT_MAC = "72:68:de:73:d6:92";
export const SERVER_MAC = "16:3b:21:8b:fa:f3";

export const ONE_LINK = `
title: two hosts, one overlay network
networks:
  blue: { vni: 42, default: allow, flood: true }
hosts:
  alpha: { address: 192.0.2.1, mtuBytes: 1600 }
  beta: { address: 192.0.2.2, mtuBytes: 1600 }
endpoints:
  web: { network: blue, host: alpha, mac: "${CLIENT_MAC}", ips: [10.20.0.2, "fd00:20::2"] }
  db: { network: blue, host: beta, mac: "${SERVER_MAC}", ips: [10.20.0.1, "fd00:20::1"] }
replays:
  - capture: captures/web-mix.pcap
    from: web
    to: db
`;
