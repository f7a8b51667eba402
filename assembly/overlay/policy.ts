// A network's policy, compiled: what happens to a frame between two classes of addresses, and the class of an address that no
// endpoint has. src/overlay/policy writes the block whole; nothing here changes it but the counters of its decisions.
//
//   block     classes │ offsets of pairs, programs, port maps, pages, decisions │ ranges of IPv4 and IPv6, and how many
//   pairs     u16 each: by source class and destination class a program
//   program   PROGRAM_ENTRIES u16: by IP protocol a decision, or with PROGRAM_F_PORTS a port map; not IP has an entry of its own
//   port map  256 u16: by the destination port's high byte a page; page  256 u16: by its low byte a decision
//   decision  action 8 │ flags 8 │ waypoint 16 │ rule 16, from 1, 0 for the default │ 16 unused │ hits 64
//
// So a decision costs three loads, or five where ports matter, whatever the number of rules.
import {
  DECISION_ACTION,
  DECISION_BYTES,
  DECISION_FLAGS,
  DECISION_HITS,
  DECISION_RULE,
  DECISION_WAYPOINT,
  POLICY_BYTES,
  POLICY_CLASSES,
  POLICY_DECISION_COUNT,
  POLICY_DECISIONS,
  POLICY_PAGES,
  POLICY_PAIRS,
  POLICY_PORT_MAPS,
  POLICY_PROGRAMS,
  POLICY_RANGE4_COUNT,
  POLICY_RANGE6_COUNT,
  POLICY_RANGES4,
  POLICY_RANGES6,
  PROGRAM_ENTRIES,
  PROGRAM_F_PORTS,
  PROGRAM_NOT_IP,
  RANGE4_BYTES,
  RANGE4_CLASS,
  RANGE6_BYTES,
  RANGE6_CLASS,
  RANGE6_LOWER,
} from "../layout";

@unmanaged
export class PolicyTable {
  classes: u32;
  pairs: u32;
  programs: u32;
  portMaps: u32;
  pages: u32;
  decisions: u32;
  ranges4: u32;
  range4Count: u32;
  ranges6: u32;
  range6Count: u32;
  decisionCount: u32;
  unused0: u32;
  unused1: u64;
  unused2: u64;

  /**
   * The address of the decision for frames between two classes, of that IP protocol (PROGRAM_NOT_IP for what is not IP) and, of TCP
   * and UDP, to that port.
   */
  @inline
  static decide(block: usize, sourceClass: u32, destinationClass: u32, protocol: u32, port: u32): usize {
    const t = changetype<PolicyTable>(block);
    assert(sourceClass < t.classes && destinationClass < t.classes, "class");
    assert(protocol <= (PROGRAM_NOT_IP as u32) && port <= 0xffff, "protocol or port");
    const pair = block + (t.pairs as usize) + (((sourceClass * t.classes + destinationClass) as usize) << 1);
    const entry = (load<u16>(pair) as u32) * PROGRAM_ENTRIES + protocol;
    let decision = load<u16>(block + (t.programs as usize) + ((entry as usize) << 1)) as u32;
    if ((decision & PROGRAM_F_PORTS) != 0) {
      const high = ((decision - PROGRAM_F_PORTS) << 8) + (port >> 8);
      const page = load<u16>(block + (t.portMaps as usize) + ((high as usize) << 1)) as u32;
      decision = load<u16>(block + (t.pages as usize) + ((((page << 8) + (port & 0xff)) as usize) << 1)) as u32;
    }
    return block + (t.decisions as usize) + (decision as usize) * DECISION_BYTES;
  }

  /** The class of an IPv4 address, as a number, by prefixes alone. */
  static classOf4(block: usize, ip: u32): u32 {
    const t = changetype<PolicyTable>(block);
    let at = block + (t.ranges4 as usize);
    // The range lies in the n ranges from at on, whose first begins at or below the address.
    for (let n = t.range4Count; n > 1; ) {
      const half = n >> 1;
      const middle = at + (half as usize) * RANGE4_BYTES;
      at = load<u32>(middle) <= ip ? middle : at;
      n -= half;
    }
    return load<u32>(at, RANGE4_CLASS);
  }

  /** The class of an IPv6 address, as two numbers, by prefixes alone. */
  static classOf6(block: usize, upper: u64, lower: u64): u32 {
    const t = changetype<PolicyTable>(block);
    let at = block + (t.ranges6 as usize);
    for (let n = t.range6Count; n > 1; ) {
      const half = n >> 1;
      const middle = at + (half as usize) * RANGE6_BYTES;
      const first = load<u64>(middle);
      const isBelow = first < upper || (first == upper && load<u64>(middle, RANGE6_LOWER) <= lower);
      at = isBelow ? middle : at;
      n -= half;
    }
    return load<u32>(at, RANGE6_CLASS);
  }
}

@unmanaged
export class Decision {
  /** One of ACTION_. */
  action: u8;
  /** DECISION_F_. */
  flags: u8;
  /** The waypoint's place among the network's. */
  waypoint: u16;
  /** The rule's place in the file, from 1; 0 for the network's default. */
  rule: u16;
  unused: u16;
  /** Frames that it decided. */
  hits: u64;
}

if (offsetof<PolicyTable>() != POLICY_BYTES) ERROR("PolicyTable: size");
if (offsetof<PolicyTable>("classes") != POLICY_CLASSES) ERROR("PolicyTable: classes");
if (offsetof<PolicyTable>("pairs") != POLICY_PAIRS) ERROR("PolicyTable: pairs");
if (offsetof<PolicyTable>("programs") != POLICY_PROGRAMS) ERROR("PolicyTable: programs");
if (offsetof<PolicyTable>("portMaps") != POLICY_PORT_MAPS) ERROR("PolicyTable: portMaps");
if (offsetof<PolicyTable>("pages") != POLICY_PAGES) ERROR("PolicyTable: pages");
if (offsetof<PolicyTable>("decisions") != POLICY_DECISIONS) ERROR("PolicyTable: decisions");
if (offsetof<PolicyTable>("ranges4") != POLICY_RANGES4) ERROR("PolicyTable: ranges4");
if (offsetof<PolicyTable>("range4Count") != POLICY_RANGE4_COUNT) ERROR("PolicyTable: range4Count");
if (offsetof<PolicyTable>("ranges6") != POLICY_RANGES6) ERROR("PolicyTable: ranges6");
if (offsetof<PolicyTable>("range6Count") != POLICY_RANGE6_COUNT) ERROR("PolicyTable: range6Count");
if (offsetof<PolicyTable>("decisionCount") != POLICY_DECISION_COUNT) ERROR("PolicyTable: decisionCount");
if (offsetof<Decision>() != DECISION_BYTES) ERROR("Decision: size");
if (offsetof<Decision>("action") != DECISION_ACTION) ERROR("Decision: action");
if (offsetof<Decision>("flags") != DECISION_FLAGS) ERROR("Decision: flags");
if (offsetof<Decision>("waypoint") != DECISION_WAYPOINT) ERROR("Decision: waypoint");
if (offsetof<Decision>("rule") != DECISION_RULE) ERROR("Decision: rule");
if (offsetof<Decision>("hits") != DECISION_HITS) ERROR("Decision: hits");

/** PolicyTable.decide, for the host. */
export function policyDecide(block: usize, source: u32, destination: u32, protocol: u32, port: u32): usize {
  return PolicyTable.decide(block, source, destination, protocol, port);
}

/** PolicyTable.classOf4, for the host. */
export function policyClassOf4(block: usize, ip: u32): u32 {
  return PolicyTable.classOf4(block, ip);
}

/** PolicyTable.classOf6, for the host. */
export function policyClassOf6(block: usize, upper: u64, lower: u64): u32 {
  return PolicyTable.classOf6(block, upper, lower);
}
