/** What files of several kinds say in the same way: names, network identifiers, addresses. */
import * as v from "valibot";
import { VNI_MAX } from "../directory/records.js";

export const Name = v.pipe(v.string(), v.regex(/^[a-z][a-z0-9-]*$/, "a name of a-z, 0-9 and -"));
/** Somebody else's word, such as a VM's name or a label. */
export const Word = v.pipe(v.string(), v.minLength(1));
/** Virtual network identifier, 24 bits (RFC 7348 section 5). */
export const Vni = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(VNI_MAX));
export const IpAddress = v.union(
  [v.pipe(v.string(), v.ipv4()), v.pipe(v.string(), v.excludes("%"), v.ipv6())],
  "an IPv4 or IPv6 address",
);
/** Of one station: a group address is nobody's own. */
export const MacAddress = v.pipe(
  v.string(),
  v.regex(/^[0-9a-f][02468ace](:[0-9a-f]{2}){5}$/i, "a unicast MAC address of six hexadecimal bytes with colons"),
);
