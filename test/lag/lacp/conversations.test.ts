import { describe, expect, it, test } from "vitest";
import { conversationMask, linkTable } from "../../../src/lag/lacp/conversations.js";
import {
  decodeLacpdu,
  encodeLacpdu,
  hasConversation,
  type Lacpdu,
  type LacpOptions,
  PORT_ALGORITHM,
} from "../../../src/lag/lacp/index.js";
import { hex } from "../../helpers/bytes.js";
import { Random } from "../../helpers/property.js";
import { carried, linkDigest } from "../../model/lacp.js";
import { type Cables, MAC, pair } from "./cable.js";

const TABLE = new Map([
  [0, [1, 2, 3]],
  [1, [2, 3]],
  [100, [3, 1]],
  [4095, [1]],
]);
const same: Partial<LacpOptions> = { conversations: TABLE };

function up(cables: Cables): Cables {
  cables.linkAll(true, "a", "b");
  cables.runTo(10_000);
  return cables;
}

/** What a port of a system carries, and whether it is agreed. */
function part(cables: Cables, system: string, port: number): [conversations: number[], agreed: boolean] {
  const { mask, agreed } = cables.get(system).port(port).conversations as { mask: Uint8Array; agreed: boolean };
  return [Array.from({ length: 4096 }, (_, i) => i).filter((i) => hasConversation(mask, i)), agreed];
}

describe("the table", () => {
  const identity = new Map([1, 2, 3, 4, 500].map((port) => [port, port]));

  it("has the digest and the masks of its twin", () => {
    const random = new Random();
    for (let n = 0; n < 20; n++) {
      const lists = Array.from({ length: random.below(200) }, (): [number, number[]] => {
        const ports = [...identity.keys()].filter(() => random.below(2) === 0);
        return [random.below(4096), ports.sort(() => random.below(3) - 1)];
      });
      const conversations = new Map(lists);
      const table = linkTable(conversations, identity);
      expect(table.digest).toEqual(linkDigest(conversations));
      const active = [...identity.keys()].filter(() => random.below(2) === 0);
      for (const link of active) {
        const mask = conversationMask(table, link, active);
        const has = [...conversations.keys()].filter((id) => hasConversation(mask, id)).sort((a, b) => a - b);
        expect(has).toEqual(carried(conversations, link, active));
        expect(mask.reduce((sum, byte) => sum + byte.toString(2).replaceAll("0", "").length, 0)).toBe(has.length);
      }
    }
  });

  it("empty, is the MD5 of the numbers 0 to 4095", () => {
    // for i in $(seq 0 4095); do printf %04x $i; done | xxd -r -p | md5sum
    expect(linkTable(new Map(), identity).digest).toEqual(hex("886011ffdde947352b48eff389b27000"));
  });

  it("is in link numbers, not in port numbers", () => {
    const renumbered = linkTable(
      new Map([[5, [1, 500]]]),
      new Map([
        [1, 7],
        [500, 8],
      ]),
    );
    expect(renumbered.digest).toEqual(linkDigest(new Map([[5, [7, 8]]])));
  });

  it("has conversation 0 in the most significant bit of the first byte", () => {
    const mask = conversationMask(linkTable(TABLE, identity), 1, [1]);
    expect([mask[0], mask[12], mask[511]]).toEqual([0x80, 0x08, 0x01]);
  });
});

describe("two systems with the same table", () => {
  it("agree, and split the conversations by the links that are in use", () => {
    const cables = up(pair(3, same, same, 10));
    for (const name of ["a", "b"]) {
      expect(part(cables, name, 1)).toEqual([[0, 4095], true]);
      expect(part(cables, name, 2)).toEqual([[1], true]);
      expect(part(cables, name, 3)).toEqual([[100], true]);
    }
    for (const name of ["a", "b"]) cables.link(name, 1, false);
    // At once, without a word of the partner's: both see the link go. That the other has done the same is known later.
    expect(part(cables, "a", 2)).toEqual([[0, 1], true]);
    const sync = () => cables.get("a").port(2).conversations?.actorPartnerSync;
    expect(sync()).toBe(false);
    cables.runTo(10_009);
    expect(sync()).toBe(false);
    cables.runTo(10_010);
    expect(sync()).toBe(true);
    cables.runTo(20_000);
    for (const name of ["a", "b"]) {
      expect(part(cables, name, 1)).toEqual([[], false]);
      expect(part(cables, name, 2)).toEqual([[0, 1], true]);
      expect(part(cables, name, 3)).toEqual([[100], true]);
    }
  });

  it("exchange masks, and find them equal", () => {
    const cables = up(pair(3, same, same, 10));
    const { partnerMask, conversations } = cables.get("a").port(1);
    expect(partnerMask).toEqual(conversations?.mask);
    expect(conversations?.actorPartnerSync).toBe(true);
    const [last] = cables.sent.filter(({ from }) => from.system === "b" && from.port === 1).slice(-1);
    expect(decodeLacpdu(last?.frame as Uint8Array)).toMatchObject({
      version: 2,
      version2: {
        portAlgorithm: PORT_ALGORITHM["c-vid"],
        linkNumber: 1,
        linkDigest: linkDigest(TABLE),
        masks: { actorPartnerSync: true, discardWrong: true },
      },
    });
  });

  it("take the better system's link numbers when theirs differ", () => {
    const numbered = (system: number, first: number): Partial<LacpOptions> => ({
      // The table in link numbers 11 and 12 at both ends; only which link has which number differs.
      ports: [1, 2].map((number) => ({
        number,
        mac: MAC(system, number),
        key: 1,
        linkNumber: number === first ? 11 : 12,
      })),
      conversations: new Map([[5, [first, 3 - first]]]),
    });
    const cables = up(pair(2, { ...numbered(1, 1), systemPriority: 1 }, numbered(2, 2), 10));
    expect(part(cables, "a", 1)).toEqual([[5], true]);
    expect(part(cables, "b", 1)).toEqual([[5], true]);
    expect(part(cables, "b", 2)).toEqual([[], true]);
    expect(cables.get("b").port(1).conversations?.linkNumber).toBe(11);
  });

  it("agree no more when one gets another table, until the other has it too", () => {
    const cables = up(
      pair(2, { conversations: new Map([[1, [1, 2]]]) }, { conversations: new Map([[1, [1, 2]]]) }, 10),
    );
    const other = new Map([[1, [2, 1]]]);
    cables.act("a", cables.get("a").setConversations(other, cables.nowMs));
    expect(part(cables, "a", 2)).toEqual([[1], false]);
    cables.runTo(12_000);
    expect(part(cables, "b", 1)).toEqual([[1], false]);
    cables.act("b", cables.get("b").setConversations(other, cables.nowMs));
    cables.runTo(14_000);
    for (const name of ["a", "b"]) expect(part(cables, name, 2)).toEqual([[1], true]);
    // Traffic was not interrupted.
    expect(cables.distributionTimes("a", 1)).toHaveLength(1);
  });
});

describe("no agreement, but each end distributes by its own table", () => {
  test.each<[string, Partial<LacpOptions>]>([
    ["a peer of version 1", {}],
    ["a peer of version 2 without a table", { version: 2 }],
    ["another table", { conversations: new Map([[0, [2, 1, 3]]]) }],
    ["another algorithm", { ...same, algorithm: "s-vid" }],
    ["an unspecified algorithm at both ends", { ...same, algorithm: "unspecified" }],
  ])("%s", (name, theirs) => {
    const ours = name.includes("both ends") ? theirs : same;
    const cables = up(pair(3, ours, theirs, 10));
    expect(cables.distributing).toHaveLength(6);
    for (const [port, conversations] of [
      [1, [0, 4095]],
      [2, [1]],
      [3, [100]],
    ] as const) {
      expect(part(cables, "a", port)).toEqual([conversations, false]);
    }
    const agreed = cables.happened.filter(({ action }) => action.type === "conversations" && action.agreed);
    expect(agreed).toEqual([]);
  });

  it("masks are not sent to a peer of version 1", () => {
    const cables = up(pair(1, { conversations: new Map([[0, [1]]]) }, {}, 10));
    for (const { frame } of cables.sent) expect(frame.length).toBe(124);
    expect(cables.get("a").port(1).conversations?.actorPartnerSync).toBeUndefined();
  });

  test.each([
    ["digest", { linkDigest: new Uint8Array(16) }],
    ["algorithm", { portAlgorithm: 0x0080c202 }],
    ["service map", { serviceDigest: new Uint8Array(16).fill(1) }],
    ["TLV left out", { linkDigest: undefined }],
  ])("an agreement ends on every port once the partner says otherwise on one: %s", (_, changes) => {
    const cables = up(pair(3, same, same, 10));
    cables.copies = ({ from }) => (from.system === "b" ? 0 : 1);
    const frames = cables.sent.filter(({ from }) => from.system === "b" && from.port === 2).map(({ frame }) => frame);
    const pdu = decodeLacpdu(frames.at(-1) ?? new Uint8Array()) as Lacpdu;
    const other = encodeLacpdu({ ...pdu, version2: { ...pdu.version2, ...changes } });
    cables.act("a", cables.get("a").receive(2, other, cables.nowMs));
    for (const port of [1, 2, 3]) expect(part(cables, "a", port)[1]).toBe(false);
    expect(cables.get("a").port(2).distributing).toBe(true);
  });
});
