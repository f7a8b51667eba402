/** One engine of measureEngines: encapsulates 64-byte frames in bursts of 32, the same 256 over and over. */
import { armVnic, createPlane, POOL_MBUFS } from "../plane.js";
import { udpFrames } from "../workload.js";
import { runRound } from "./round.js";

const BURST = 32;

const plane = await createPlane(udpFrames(POOL_MBUFS, 64));
const setBack = armVnic(plane);

runRound(() => {
  let frames = 0;
  for (let at = 0; at < POOL_MBUFS; at += BURST) frames += plane.kernels.txBurst(plane.tunnel, BURST);
  setBack();
  return frames;
});
