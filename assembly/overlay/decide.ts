// What becomes of a frame by its network's policy: rules first (policy.ts), then what is remembered of flows and fragments (flow.ts).
import { count } from "../counter";
import {
  ACTION_DENY,
  DECISION_ACTION,
  DECISION_F_STATEFUL,
  DECISION_FLAGS,
  DECISION_HITS,
  DECISION_WAYPOINT,
  DROP_FLOW_TABLE_FULL,
  DROP_FRAGMENT_ORPHAN,
  DROP_POLICY,
  FLAG_FRAGMENT,
  FLAG_LATER_FRAGMENT,
  NETWORK_F_STATEFUL,
  TABLE_MISS,
} from "../layout";
import { Mbuf } from "../mbuf/mbuf";
import { firstFragment, forgetFragment, hasFlow, rememberFlow, rememberFragment, returningFlow } from "./flow";
import { Network } from "./network";
import { Overlay } from "./overlay";
import { PolicyTable } from "./policy";
import { destinationPort, protocolOf } from "./protocol";

/** A verdict's action is in its low bits; above it is the waypoint's number, or of a denial the cause. */
const ACTION_BITS: u32 = 2;

/** A class because asc inlines on demand only decorated methods. */
export class Verdict {
  @inline
  static action(verdict: u32): u32 {
    return verdict & ((1 << ACTION_BITS) - 1);
  }

  /** The waypoint's number, or the cause of a denial. */
  @inline
  static detail(verdict: u32): u32 {
    return verdict >> ACTION_BITS;
  }

  /** The verdict on a parsed frame from one class to another, counted by the rule that it is from. */
  @inline
  static of(o: Overlay, n: Network, mbuf: Mbuf, source: u32, destination: u32): u32 {
    if ((mbuf.flags & FLAG_FRAGMENT) != 0) return ofFragment(o, n, mbuf, source, destination);
    return Verdict.byRules(o, n, mbuf, source, destination);
  }

  /** What the rules alone say, counted: the address of the decision. */
  @inline
  static decision(n: Network, mbuf: Mbuf, source: u32, destination: u32): usize {
    const policy = n.policy as usize;
    const decision = PolicyTable.decide(policy, source, destination, protocolOf(mbuf), destinationPort(mbuf));
    count(decision + DECISION_HITS, 0, 1);
    return decision;
  }

  @inline
  static byRules(o: Overlay, n: Network, mbuf: Mbuf, source: u32, destination: u32): u32 {
    const decision = Verdict.decision(n, mbuf, source, destination);
    o.decision = decision as u32;
    const action = load<u8>(decision, DECISION_ACTION) as u32;
    if (action == ACTION_DENY) {
      return (n.flags & NETWORK_F_STATEFUL) == 0 ? denial(DROP_POLICY) : ofReturn(o, n, mbuf);
    }
    const verdict = action | ((load<u16>(decision, DECISION_WAYPOINT) as u32) << ACTION_BITS);
    if ((load<u8>(decision, DECISION_FLAGS) & DECISION_F_STATEFUL) == 0) return verdict;
    return !hasFlow(mbuf) || rememberFlow(o, n, mbuf, verdict) ? verdict : denial(DROP_FLOW_TABLE_FULL);
  }
}

/** The frame of the last verdict stays where it was, and gets another one later: that is what counts. */
export function uncount(o: Overlay): void {
  if (o.decision != 0) count((o.decision as usize) + DECISION_HITS, 0, -1);
}

function denial(cause: u32): u32 {
  return (cause << ACTION_BITS) | ACTION_DENY;
}

/** What no rule allows may be what returns of an allowed flow. */
function ofReturn(o: Overlay, n: Network, mbuf: Mbuf): u32 {
  if (!hasFlow(mbuf)) return denial(DROP_POLICY);
  const verdict = returningFlow(o, n, mbuf);
  return verdict == TABLE_MISS ? denial(DROP_POLICY) : verdict;
}

/** The first fragment is decided as a frame, the later ones as it was. */
function ofFragment(o: Overlay, n: Network, mbuf: Mbuf, source: u32, destination: u32): u32 {
  if ((mbuf.flags & FLAG_LATER_FRAGMENT) != 0) {
    o.decision = 0;
    const verdict = firstFragment(o, n, mbuf);
    return verdict == TABLE_MISS ? denial(DROP_FRAGMENT_ORPHAN) : verdict;
  }
  const verdict = Verdict.byRules(o, n, mbuf, source, destination);
  if (Verdict.action(verdict) == ACTION_DENY) {
    forgetFragment(o, n, mbuf);
    return verdict;
  }
  return rememberFragment(o, n, mbuf, verdict) ? verdict : denial(DROP_FLOW_TABLE_FULL);
}
