/** What the overlay itself says to guests: answers to ARP and neighbour discovery, announcements, and that a packet is too big. */
export { announcements, arpAnnouncement, neighbourAnnouncement, rarpAnnouncement } from "./announce.js";
export { type ArpQuestion, type ArpRefusal, type ArpSilence, arpReply, readArp } from "./arp.js";
export {
  type NeighbourQuestion,
  type NeighbourRefusal,
  type NeighbourSilence,
  neighbourAdvertisement,
  readNeighbour,
} from "./neighbour.js";
export { type RateLimit, TokenBucket } from "./rate.js";
export { type TooBigRefusal, tooBig } from "./too-big.js";
