/** `ringlane/udp`, in Node: RoCEv2 over a UDP socket. */
export { openUdpDriver, type UdpCounters, UdpDriver, type UdpDriverOptions } from "./udp-driver.js";
