/** An address's family, as Node names it. */
import { isIPv6 } from "node:net";

export type IpFamily = "IPv4" | "IPv6";

export function familyOf(address: string): IpFamily {
  return isIPv6(address) ? "IPv6" : "IPv4";
}
