/** `ringlane policy check` as people and programs use it. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ringlane } from "../helpers/command.js";
import { ROOT, testFolder } from "../helpers/files.js";

const EXAMPLE = join(ROOT, "examples/policy.yaml");

function check(...args: string[]) {
  const { code, stdout, stderr } = ringlane(["policy", "check", EXAMPLE, ...args]);
  return { code, lines: stdout.toString().trimEnd().split("\n"), stderr };
}

function answer(from: string, to: string) {
  const { code, stdout, stderr } = ringlane(["policy", "check", EXAMPLE, "--from", from, "--to", to, "--json"]);
  expect(stderr).toBe("");
  return { code, ...JSON.parse(stdout.toString()) };
}

describe("ringlane policy check", () => {
  it("says by which rule, over which path, at which cost", () => {
    expect(check("--from", "web1", "--to", "db1:5432/tcp")).toEqual({
      code: 0,
      lines: [
        "allowed  yes, and what returns of it",
        "network  blue, VNI 42, tenant acme",
        "from     web1, 10.0.0.1, on alpha",
        "to       db1, 10.0.0.3, on beta",
        'because  rule "web reads the database" (line 16): from web to db, allow',
        "",
        "path               alpha (192.0.2.1) to beta (192.0.2.2) in geneve: 50 bytes in front of each frame",
        "largest IP packet  1450 bytes",
      ],
      stderr: "",
    });
    expect(answer("web1", "db1:5432/tcp")).toEqual({
      code: 0,
      file: EXAMPLE,
      allowed: true,
      network: { name: "blue", vni: 42, tenant: "acme" },
      from: { endpoint: "web1", partition: "web1", ip: "10.0.0.1", host: "alpha" },
      to: { endpoint: "db1", partition: "db1", ip: "10.0.0.3", host: "beta" },
      protocol: "tcp",
      port: 5432,
      traffic: [
        {
          ...{ protocol: "tcp", ports: "5432", action: "allow", via: null, stateful: true },
          rule: { index: 0, name: "web reads the database", line: 16, from: "web", to: "db" },
          reason: 'rule "web reads the database" (line 16): from web to db, allow',
        },
      ],
      ways: [
        {
          ...{ via: null, possible: true, mtuBytes: 1450 },
          legs: [
            {
              from: { host: "alpha", address: "192.0.2.1" },
              to: { host: "beta", address: "192.0.2.2" },
              ...{ local: false, encapsulation: "geneve", headerBytes: 50, trailerBytes: 0 },
            },
          ],
        },
      ],
    });
  });

  it("goes through waypoints, from host to host, and delivers within one", () => {
    const { code, traffic, ways } = answer("web1", "edge:443/tcp");
    expect([code, traffic[0].action, traffic[0].via]).toEqual([0, "via", "fw"]);
    expect(ways[0].legs).toMatchObject([
      { from: { host: "alpha" }, to: { host: "gamma" }, local: false, encapsulation: "geneve" },
      { from: { host: "gamma" }, to: { host: "gamma" }, local: true, encapsulation: null, headerBytes: 0 },
    ]);
    // An address that nobody has: as far as the waypoint. The waypoint itself goes straight.
    expect(answer("web1", "198.51.100.7:80/tcp").ways[0].legs).toMatchObject([{ to: { host: "gamma" } }]);
    expect(answer("fw-blue", "edge:80/tcp")).toMatchObject({
      allowed: true,
      ways: [{ via: "fw", legs: [{ local: true }] }],
    });
  });

  it("exits with 1 where nothing is allowed, and says why", () => {
    expect(answer("db1", "web1/icmp")).toMatchObject({
      ...{ code: 1, allowed: false, ways: [] },
      traffic: [{ action: "deny", rule: { index: 3, line: 19 } }],
    });
    expect(answer("edge", "web1:443/tcp")).toMatchObject({
      ...{ code: 1, allowed: false },
      traffic: [{ action: "deny", rule: null, reason: "no rule is about it, and the network's default is deny" }],
    });
    // The same addresses in another tenant's network.
    expect(answer("web1", "red-db1:5432/tcp")).toMatchObject({
      ...{ code: 1, allowed: false, network: null },
      reason: "the two are in different networks, and nothing crosses networks",
    });
    expect(answer("red-web1", "red-db1:22/tcp")).toMatchObject({ code: 1, traffic: [{ rule: { line: 30 } }] });
    expect(answer("red-web1", "red-db1:23/tcp")).toMatchObject({
      code: 0,
      ways: [{ legs: [{ encapsulation: "geneve" }] }],
    });
  });

  it("takes names of partitions, addresses, IPv6 in brackets, protocols by number", () => {
    expect(answer("10.0.0.2", "10.0.0.3:5432/6").allowed).toBe(true);
    expect(answer("web2", "10.0.0.254/icmp")).toMatchObject({
      allowed: true,
      to: { endpoint: "fw-blue", partition: "fw" },
    });
    expect(answer("db2", "[fd00:0:0:a::99]/icmp")).toMatchObject({
      ...{ code: 1, from: { ip: "fd00:0:0:a::4" }, to: { endpoint: null, ip: "fd00:0:0:a::99" } },
    });
    expect(answer("web1", "fw-blue/47").traffic).toMatchObject([{ protocol: "47", action: "deny", rule: null }]);
  });

  it("without a protocol says all that passes", () => {
    const { code, allowed, traffic, ways } = answer("web1", "db1");
    const kinds = traffic.map(({ protocol, ports, action }: Record<string, string>) => [protocol, ports, action]);
    expect([code, allowed]).toEqual([0, true]);
    expect(kinds).toEqual([
      ["icmp", null, "allow"],
      ["tcp", "0-79, 81-442, 444-5431, 5433-7999, 8101-65535", "deny"],
      ["tcp", "80, 443, 8000-8100", "via"],
      ["tcp", "5432", "allow"],
      ["icmpv6", null, "allow"],
      ["other IP", null, "deny"],
      ["not IP", null, "deny"],
    ]);
    expect(ways.map(({ via }: { via: string }) => via)).toEqual([null, "fw"]);
    expect(answer("db1", "edge").traffic).toMatchObject([{ protocol: "all", action: "deny", rule: { line: 19 } }]);
    const { lines } = check("--from", "web1", "--to", "db1");
    expect(lines[0]).toBe("allowed  in part");
    expect(
      lines.filter((line) => /│ tcp 80, 443, 8000-8100 +│ yes, via fw, and what returns of it/.test(line)),
    ).toHaveLength(1);
  });

  it.each([
    [["--from", "web1"], "--to is undefined; it must be given with --from"],
    [["--to", "web1"], "--from is undefined; it must be given with --to"],
    [["--from", "web9", "--to", "db1"], '--from is "web9"; it must be one of web1, web2, db1,'],
    [
      ["--from", "fw", "--to", "db1"],
      '--from is "fw"; it must be one endpoint, not several: fw-blue (in blue), fw-red (in red)',
    ],
    [["--from", "10.0.0.1", "--to", "db1"], "it must be one endpoint, not several: web1 (in blue), red-web1 (in red)"],
    [["--from", "web1", "--to", "web1/tcp"], '--to is "web1/tcp"; it must be another endpoint than --from'],
    [["--from", "web1/tcp", "--to", "db1"], "it must be an endpoint alone"],
    [["--from", "web1", "--to", "db1:5432"], "it must be with tcp or udp behind the port: :5432/tcp"],
    [["--from", "web1", "--to", "db1:70000/tcp"], "it must be with a port of at most 65535"],
    [["--from", "web1", "--to", "db1/sctp"], "it must be with tcp, udp, icmp or a number from 0 to 255"],
    [["--from", "web1", "--to", "[db1]:5432/tcp"], "it must be such as db1, db1:5432/tcp"],
    [["--from", "web1", "--to", "[fd00::1]/icmp"], "it must be reached by web1, which has no IPv6 address"],
  ])("refuses %j with 2", (args, message) => {
    const { code, lines, stderr } = check(...args);
    expect([code, lines]).toEqual([2, [""]]);
    expect(stderr).toContain(message);
  });

  it("without --from and --to draws who may in all", () => {
    const { code, lines } = check();
    expect(code).toBe(0);
    expect(lines[0]).toBe("blue, VNI 42, tenant acme: 4 groups, 4 rules, default deny");
    expect(lines.at(-1)).toBe(`${EXAMPLE} is right: 2 networks, 9 endpoints, 3 hosts`);
    expect(lines.filter((line) => line.startsWith("│ web + inside"))[0]).toContain("tcp 5432");
    const { stdout } = ringlane(["policy", "check", EXAMPLE, "--json"]);
    const { networks } = JSON.parse(stdout.toString());
    const cells = networks[0].matrix as {
      from: string[];
      to: string[];
      traffic: { action: string; ports: string }[];
    }[];
    const cell = cells.find(({ from, to }) => from.join() === "web" && to.join() === "db");
    expect(cell?.traffic.find(({ action }) => action === "allow")?.ports).toBe("5432");
    expect(cells).toHaveLength(8 * 8);
  });
});

describe("ringlane policy check of other files", () => {
  const write = (text: string) => {
    const file = join(testFolder(), "policy.yaml");
    writeFileSync(file, text);
    return file;
  };
  const base = (rules: string, alpha: string, beta: string) => `networks:
  blue:
    vni: 42
    mtuBytes: 1400
    groups: { six: { prefixes: ["fd00::/16"] } }
    rules: ${rules}
endpoints:
  a: { network: blue, mac: "02:00:00:00:00:01", ips: [10.0.0.1, "fd00::1"], host: alpha }
  b: { network: blue, mac: "02:00:00:00:00:02", ips: [10.0.0.2, "fd00::2"], host: beta }
hosts:
  alpha: { address: "2001:db8::1", mtuBytes: 9000, encapsulations: ${alpha} }
  beta: { address: "2001:db8::2", encapsulations: ${beta} }
`;
  const ask = (file: string, to: string) => ringlane(["policy", "check", file, "--from", "a", "--to", to, "--json"]);

  it("asks for an address where an endpoint's are decided apart", () => {
    const file = write(base("[{ from: six, to: six, action: allow }]", "[vxlan]", "[vxlan]"));
    const { code, stderr } = ask(file, "b:80/tcp");
    expect(code).toBe(2);
    expect(stderr).toContain("10.0.0.1 to 10.0.0.2 is decided otherwise than fd00::1 to fd00::2");
    expect([ask(file, "10.0.0.2:80/tcp").code, ask(file, "[fd00::2]:80/tcp").code]).toEqual([1, 0]);
  });

  it("holds the network's own MTU against the path's, and takes the sender's first that both hosts have", () => {
    const allow = "[{ from: any, to: any, action: allow }]";
    const wayOf = (alpha: string, beta: string) =>
      JSON.parse(ask(write(base(allow, alpha, beta)), "b").stdout.toString());
    expect(wayOf("[rocev2, vxlan]", "[vxlan, rocev2]").ways[0]).toMatchObject({
      mtuBytes: 1400,
      legs: [{ encapsulation: "rocev2", headerBytes: 86, trailerBytes: 4 }],
    });
    // The network's number is one that NVGRE reserves.
    expect(wayOf("[nvgre, geneve]", "[nvgre, geneve]").ways[0].legs).toMatchObject([
      { encapsulation: "geneve", headerBytes: 70 },
    ]);
    expect(ask(write(base(allow, "[vxlan]", "[geneve]")), "b").code).toBe(1);
    expect(wayOf("[vxlan]", "[geneve]")).toMatchObject({ allowed: false, ways: [{ possible: false, mtuBytes: null }] });
  });

  it("names file, line and column of what is wrong", () => {
    const file = write(base("[{ from: seven, to: any, action: allow }]", "[vxlan]", "[vxlan]"));
    const { code, stderr } = ringlane(["policy", "check", file]);
    expect([code, stderr]).toEqual([
      2,
      `ringlane: ${file}:6:15: networks.blue.rules.0.from: expected one of any, six, received "seven"\n`,
    ]);
    expect(ringlane(["policy", "check", join(testFolder(), "none.yaml")]).code).toBe(1);
  });
});
