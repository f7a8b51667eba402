/** What a replay found, as --json prints it. */
import type { ComparisonFigures, LimitPeerFigures } from "../../index.js";
import type { ArrivalSummary } from "./arrivals.js";
import type { PeerPolicies } from "./peer-policies.js";
import type { Peers } from "./peers.js";
import type { ReplaySetting } from "./setting.js";

export type ReplayReport = ReturnType<typeof replayReport>;

export function replayReport(
  file: string,
  { packets, frames, lengthMs, backwards, framesBeyond, unread }: ArrivalSummary,
  peers: Peers,
  setting: ReplaySetting,
  { controller, staticMinimum, staticMaximum }: ComparisonFigures,
) {
  const { policies } = setting;
  const nameOf = (peer: number) => peers.all[peer]?.name as string;
  const refusedIn = (figures: readonly LimitPeerFigures[]) => {
    const byPeer = new Map(figures.map(({ peer, refused }) => [peer, refused]));
    return (peer: number) => byPeer.get(peer) ?? 0;
  };
  const [refusedAtMinimum, refusedAtMaximum] = [refusedIn(staticMinimum.peers), refusedIn(staticMaximum.peers)];
  return {
    file,
    packets,
    frames,
    lengthMs,
    meanFramesPerSecond: lengthMs > 0 ? (1000 * frames) / lengthMs : null,
    consumer: {
      framesPerSecond: setting.framesPerSecond,
      timesMean: setting.timesMean ?? null,
      assumed: setting.isRateAssumed,
      stalls: setting.askedStalls.map(({ text }) => text),
    },
    mbufBytes: setting.mbufBytes,
    wall: setting.wall,
    wallAssumed: setting.isWallAssumed,
    policies: policiesJson(policies),
    peers: controller.peers.map(({ peer, ...figures }) => ({
      peer: nameOf(peer),
      policy: policies.of(peers.all[peer]?.address as Uint8Array).name ?? null,
      ...figures,
      refusedAtStaticMinimum: refusedAtMinimum(peer),
      refusedAtStaticMaximum: refusedAtMaximum(peer),
    })),
    totals: {
      controller: controller.totals,
      staticMinimum: staticMinimum.totals,
      staticMaximum: staticMaximum.totals,
    },
    series: {
      controller: controller.course,
      staticMinimum: staticMinimum.course,
      staticMaximum: staticMaximum.course,
      peers: controller.peerCourses.map(({ peer, held, inUse }) => ({ peer: nameOf(peer), held, inUse })),
    },
    backwards,
    framesOfPeersBeyond: framesBeyond,
    ...unread,
  };
}

function policiesJson({ common, overrides }: PeerPolicies) {
  return { all: common.checked, peers: Object.fromEntries(overrides.map(({ name, checked }) => [name, checked])) };
}
