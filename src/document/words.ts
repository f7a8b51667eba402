/** What files of several kinds say in the same way: names, network identifiers, addresses. */
import * as v from "valibot";

const VNI_MAX = 0xffffff;

export const Name = v.pipe(v.string(), v.regex(/^[a-z][a-z0-9-]*$/, "a name of a-z, 0-9 and -"));
/** Somebody else's word, such as a VM's name or a label. */
export const Word = v.pipe(v.string(), v.minLength(1));
/** Virtual network identifier, 24 bits (RFC 7348 section 5). */
export const Vni = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(VNI_MAX));
