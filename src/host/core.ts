/**
 * A host: an engine, its overlay, and what it knows of the rest of the fabric. Without I/O: requests for the directory come out, answers
 * and changes go in, time is handed in. driver.ts gives it a directory; sim/ gives it a fabric in virtual time.
 */
import { DROP_CONTROL_RING_FULL, DROP_TOO_BIG, DROP_TOO_BIG_ANSWERED } from "../../assembly/layout.js";
import type { Port } from "../buffer/port.js";
import type { DirectoryChange, EndpointRecord, HostRecord, Resolution } from "../directory/records.js";
import type { Engine } from "../engine.js";
import { ConfigError } from "../errors.js";
import { decodeMoved } from "../gqp/moved.js";
import type { LagGroup } from "../lag/group.js";
import { ipText, parseIp, parseMac } from "../overlay/address.js";
import { TokenBucket, tooBig } from "../overlay/answers/index.js";
import type { ControlFrame } from "../overlay/plane/control.js";
import type { OverlayCounters } from "../overlay/plane/counters.js";
import type { EndpointKey } from "../overlay/plane/endpoints.js";
import type { OverlayPlane } from "../overlay/plane/plane.js";
import type { Policy } from "../overlay/policy/policy.js";
import { Attachment } from "./attachment.js";
import { Claims } from "./claims.js";
import type { HostEvent } from "./events.js";
import { Lease } from "./lease.js";
import { Neighbours } from "./neighbours.js";
import { HostNetwork } from "./network.js";
import {
  type AttachOptions,
  checkAttachOptions,
  checkHostOptions,
  type HostOptions,
  type HostSettings,
} from "./options.js";
import { type AnyAnswer, type HostRequest, Requests } from "./requests.js";
import { StaleFrames, senderOf } from "./stale.js";
import { Timers } from "./timers.js";

/** Steps of the walk that forgets what has aged, at every step of the host. */
const AGE_STEPS = 256;
/** Between two events of that something is full. */
const FULL_MS = 1000;
/** ICMP errors to a partition: so many at once, and so many a second (RFC 4443 section 2.4 f). */
const ICMP_BURST = 16;
const ICMP_PER_SECOND = 100;

export class HostCore {
  readonly engine: Engine;
  readonly name: string;
  readonly address: string;
  readonly #options: HostOptions;
  readonly #settings: HostSettings;
  readonly #plane: OverlayPlane;
  readonly #requests = new Requests();
  readonly #timers = new Timers();
  readonly #networks = new Map<number, HostNetwork>();
  readonly #attachments = new Map<string, Attachment>();
  readonly #byPort = new Map<number, Attachment>();
  readonly #downUplinks = new Set<number>();
  readonly #neighbours: Neighbours;
  readonly #stale: StaleFrames;
  readonly #claims: Claims;
  readonly #lease: Lease;
  readonly #icmp = new Map<number, TokenBucket>();
  #events: HostEvent[] = [];
  #policy: Policy;
  #nowMs: number;
  #contactMs: number;
  #reachable = true;
  /** Until then it is not told again that something is full. */
  #fullUntilMs = Number.NEGATIVE_INFINITY;

  /** Throws ConfigError. */
  constructor(options: HostOptions, nowMs = 0) {
    const settings = checkHostOptions(options);
    this.#options = options;
    this.#settings = settings;
    this.#policy = options.policy;
    this.engine = options.engine;
    this.name = settings.record.name;
    this.address = settings.record.address;
    this.#nowMs = nowMs;
    this.#contactMs = nowMs;
    const { times, local } = settings;
    const ticks = (ms: number) => this.#ticks(ms);
    this.#plane = this.engine.addOverlay({
      ...{ local, uplinks: options.uplinks, strict: options.strict ?? false, nestedMax: options.nestedMax ?? 1 },
      ticks: {
        flow: ticks(times.flowMs),
        fragment: ticks(times.fragmentMs),
        miss: ticks(times.missMs),
        idle: ticks(times.idleMs),
        refresh: ticks(times.refreshMs),
      },
    });
    const now = () => this.#nowMs;
    this.#neighbours = new Neighbours({
      ...{ requests: this.#requests, now, absentMs: times.absentMs, leaseMs: times.leaseMs },
      resolved: (resolution) => this.#learn(resolution),
      give: (port, frame) => this.#give(port, frame),
    });
    this.#stale = new StaleFrames({
      ...{ timers: this.#timers, now, address: this.address },
      whereabouts: (vni, mac) => this.#whereabouts(vni, mac),
      post: (port, frame) => this.#post(this.#portAt(port) ?? (this.#plane.uplinks[0] as Port), frame),
    });
    this.#claims = new Claims({
      ...{ requests: this.#requests, timers: this.#timers, now, host: this.name, settings },
      live: (attachment, record) => this.#admit(attachment, record),
      resolved: (resolution) => this.#learn(resolution),
      refused: (attachment, reason) => this.#refuse(attachment, reason),
    });
    const contact = (reachable: boolean) => this.#contact(reachable);
    const restored = () => this.#claims.restore([...this.#attachments.values()]);
    this.#lease = new Lease(
      { requests: this.#requests, timers: this.#timers, now, restored, contact },
      settings.record,
      times.hostLeaseMs,
    );
    this.#setTime(nowMs);
    this.#lease.start();
  }

  get record(): HostRecord {
    return this.#settings.record;
  }

  get uplinks(): readonly Port[] {
    return this.#plane.uplinks;
  }

  get group(): LagGroup | undefined {
    return this.#plane.group;
  }

  get attachments(): readonly Attachment[] {
    return [...this.#attachments.values()];
  }

  get counters(): OverlayCounters & { readonly answeredNeighbours: number; readonly movedMessages: number } {
    return {
      ...this.#plane.counters,
      answeredNeighbours: this.#neighbours.answered,
      movedMessages: this.#stale.sent,
    };
  }

  /** @internal For tests and benchmarks. */
  get plane(): OverlayPlane {
    return this.#plane;
  }

  /** Frames that each rule of a network has decided here, in the file's order, behind those that its default has. */
  ruleHits(network: string | number): bigint[] {
    const known = this.#networks.get(this.#policy.network(network).vni);
    return known ? this.#plane.policyHits(known.plane) : [];
  }

  /** When step has something to do although nothing arrives; undefined when nothing runs. */
  get nextMs(): number | undefined {
    const next = [this.#timers.nextMs, this.group?.nextMs].filter((ms) => ms !== undefined);
    return next.length === 0 ? undefined : Math.min(...next);
  }

  /** Time is nowMs: moves frames until none can move, and does what is due. Returns the frames that moved. */
  step(nowMs: number): number {
    this.#setTime(nowMs);
    this.#fitting(() => this.#timers.run(this.#nowMs));
    let moved = 0;
    for (let burst = 1; burst > 0; moved += burst) {
      burst = this.engine.poll();
      burst += this.#work();
    }
    // What the links' own protocols have heard is answered now, not when they next have something to say.
    if (this.group) {
      this.group.tick(this.#nowMs);
      moved += this.engine.poll();
    }
    this.#plane.age(AGE_STEPS);
    return moved;
  }

  /** What is to be asked of the directory; each is taken once. */
  takeRequests(): HostRequest[] {
    return this.#requests.take();
  }

  /** The directory's answer to a request. */
  answer(id: number, answer: AnyAnswer, nowMs: number): void {
    this.#setTime(nowMs);
    this.#contact(!("failure" in answer && answer.failure === "unavailable"));
    this.#fitting(() => this.#requests.answer(id, answer));
  }

  /** What happened since the last time. */
  takeEvents(): HostEvent[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }

  /**
   * A partition is to be here, and nowhere else: the directory is asked for its generation and number, and told; then its frames flow.
   * One that is on another host keeps its number, and stops there. Throws ConfigError for what cannot be, at once.
   */
  attach(options: AttachOptions, nowMs: number): Attachment {
    this.#setTime(nowMs);
    checkAttachOptions(options, this.engine, this.uplinks);
    const policy = this.#policy.network(options.network);
    const mac = checkStation(options.mac);
    const ips = options.ips.map((ip, i) => ipText(parseIp(`ips[${i}]`, ip)));
    const key = `${policy.vni} ${mac}`;
    if (this.#attachments.has(key))
      throw new ConfigError("mac", options.mac, "one that no partition of this network has here");
    if (this.#byPort.has(options.vnic.index))
      throw new ConfigError("vnic", options.vnic.name, "a port without a partition");
    const attachment = new Attachment(options, this.#networkOf(policy.vni), mac, ips);
    attachment.lag = this.#joinGroup(attachment);
    this.#attachments.set(key, attachment);
    this.#byPort.set(options.vnic.index, attachment);
    this.#claims.claim(attachment);
    return attachment;
  }

  /** A partition is gone from here, and from the directory. */
  detach(attachment: Attachment, nowMs: number): void {
    this.#setTime(nowMs);
    if (this.#attachments.get(keyOf(attachment)) !== attachment) return;
    const { record } = attachment;
    this.#remove(attachment, "detached");
    this.#removeEndpoint(attachment);
    this.#events.push({ type: "detached", partition: attachment.partition });
    if (record) this.#claims.withdraw(record);
  }

  /** Other rules from now on, for all networks: flows that old rules have let in are forgotten. Throws ConfigError. */
  setPolicy(policy: Policy, nowMs: number): void {
    this.#setTime(nowMs);
    for (const network of this.#networks.values()) this.#plane.checkPolicy(policy.network(network.vni));
    this.#policy = policy;
    for (const network of this.#networks.values()) {
      network.setPolicy(policy.network(network.vni));
      this.#describeAll(network);
      this.#findWaypoints(network);
    }
  }

  /** An uplink, by its place, is up or down: paths over it are used or not. With a LAG group, tell that. */
  link(uplink: number, up: boolean): void {
    if (up) this.#downUplinks.delete(uplink);
    else this.#downUplinks.add(uplink);
    for (const network of this.#networks.values()) network.refreshPaths();
  }

  /** The directory says what has changed in a network that this host watches. */
  change(change: DirectoryChange, nowMs: number): void {
    this.#setTime(nowMs);
    this.#contact(true);
    this.#fitting(() => this.#hear(change));
  }

  #hear(change: DirectoryChange): void {
    if (change.type === "host") {
      for (const network of this.#networks.values()) {
        network.hostChanged(change.host, change.alive);
        if (network.policy.flood) this.#askMembers(network);
      }
    } else if (change.type === "withdrawn") {
      const own = this.#attachments.get(`${change.vni} ${change.mac}`);
      if (own?.generation !== undefined && change.generation >= own.generation) {
        this.#refuse(own, `it was withdrawn by generation ${change.generation}`);
      } else this.#forget(change.vni, change.mac, change.generation);
      this.#askMembersSoon(this.#networks.get(change.vni));
    } else if (change.host) this.#learn({ ...change, host: change.host });
  }

  /** Somebody is where the directory says, if it is news. */
  #learn(resolution: Resolution): void {
    const { endpoint, host } = resolution;
    const network = this.#networks.get(endpoint.vni);
    if (!network) return;
    this.#neighbours.forget(endpoint.vni, endpoint.ips);
    this.#askMembersSoon(network);
    const own = this.#attachments.get(`${endpoint.vni} ${endpoint.mac}`);
    if (host.name === this.name) {
      if (network.isNewMember(host.name)) this.#askMembers(network);
      return;
    }
    if (own?.record) {
      if (endpoint.generation <= own.record.generation) return;
      this.#lose(own, resolution);
    } else if (!own) this.#install(network, resolution);
    if (network.isNewMember(host.name)) this.#askMembers(network);
  }

  /** Writes what is known of an endpoint elsewhere, if this host talks to it, and sends on what waited for it. */
  #install(network: HostNetwork, resolution: Resolution): void {
    const { endpoint } = resolution;
    const { endpoints } = this.#plane;
    const key = { network: network.plane.ptr, mac: parseMac("mac", endpoint.mac) };
    const waypoint = network.policy.waypoints.indexOf(endpoint.partition);
    const ptr = waypoint < 0 ? endpoints.find(key) : endpoints.make(key);
    if (ptr !== 0 && endpoints.generation(ptr) <= endpoint.generation) {
      const fields = network.remoteFields(resolution);
      endpoints.write(ptr, { ...fields, forwards: isForwarder(endpoint), pinned: waypoint >= 0 });
      if (waypoint >= 0) this.#plane.setWaypoint(network.plane, waypoint, ptr);
      this.#plane.release(ptr);
    }
    for (const ip of endpoint.ips) {
      const address = endpoints.find({ network: network.plane.ptr, ip: parseIp("ip", ip) });
      if (address !== 0 && endpoints.state(address) !== "local") this.#writeAddress(network, address, ip, endpoint);
    }
  }

  #writeAddress(network: HostNetwork, ptr: number, ip: string, subject?: EndpointRecord): void {
    const found = network.classOf(ip, subject);
    this.#plane.endpoints.write(ptr, { state: "remote", class4: found, class6: found, class: found });
    this.#plane.release(ptr);
  }

  #forget(vni: number, mac: string, generation: number): void {
    const network = this.#networks.get(vni);
    if (!network || this.#attachments.has(`${vni} ${mac}`)) return;
    const { endpoints } = this.#plane;
    const ptr = endpoints.find({ network: network.plane.ptr, mac: parseMac("mac", mac) });
    if (ptr !== 0 && endpoints.state(ptr) === "remote" && endpoints.generation(ptr) <= generation) {
      this.#writeAbsent(network, ptr);
    }
  }

  #writeAbsent(network: HostNetwork, ptr: number): void {
    const { endpoints } = this.#plane;
    const ticks = this.#ticks(this.#settings.times.absentMs);
    const found = endpoints.isAddress(ptr) ? network.classOf(ipText(endpoints.ip(ptr))) : 0;
    const fields = { class4: found, class6: found, class: found, deadline: this.#plane.tick + ticks };
    // An address that is nobody's has the class of its prefixes.
    endpoints.write(ptr, { ...fields, state: endpoints.isAddress(ptr) ? "remote" : "absent" });
    this.#plane.release(ptr);
  }

  /** The directory agrees: the partition's frames flow, if there is room for what is to be known of it. */
  #admit(attachment: Attachment, record: EndpointRecord): void {
    try {
      this.#goLive(attachment, record);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      this.#refuse(attachment, error.message);
      this.#claims.withdraw(record);
    }
  }

  #goLive(attachment: Attachment, record: EndpointRecord): void {
    const { network, options, vnic, ips } = attachment;
    const isFirst = attachment.state_ !== "live";
    attachment.record = record;
    attachment.state_ = "live";
    if (isFirst) {
      attachment.plane = this.#plane.attach(
        vnic,
        network.plane,
        parseMac("mac", attachment.mac),
        attachment.lag?.record.ptr,
      );
      attachment.sendOnEnds = this.#plane.tick + this.#ticks(this.#settings.times.sendOnMs);
      network.attached++;
      if (network.attached === 1) this.#watch(network);
    }
    this.#writeLocal(attachment);
    if (isFirst) {
      const { partition } = options;
      this.#events.push({ type: "attached", partition, gqpn: record.gqpn, generation: record.generation });
      this.#neighbours.forget(record.vni, ips);
      if (network.policy.flood) this.#askMembers(network);
    }
  }

  #writeLocal(attachment: Attachment): void {
    const { network, options, plane, record, ips, mac, lastHost, sendOnEnds } = attachment;
    if (!plane || !record) return;
    const { endpoints } = this.#plane;
    const subject = { partition: record.partition, labels: record.labels, ips };
    const waypoint = network.policy.waypoints.indexOf(record.partition);
    endpoints.write(plane.endpoint, {
      ...network.describe(subject),
      ...(lastHost !== undefined && { host: parseIp("address", lastHost), deadline: sendOnEnds }),
      ...{ state: "local", vnic: plane.ptr, gqpn: record.gqpn, generation: record.generation },
      ...{ forwards: options.forwards ?? false, pinned: waypoint >= 0 },
    });
    if (waypoint >= 0) this.#plane.setWaypoint(network.plane, waypoint, plane.endpoint);
    for (const ip of [...ips, linkLocalOf(mac)]) {
      const ptr = endpoints.make({ network: network.plane.ptr, ip: parseIp("ip", ip) });
      const found = network.classOf(ip, ips.includes(ip) ? record : undefined);
      endpoints.write(ptr, { state: "local", vnic: plane.ptr, class4: found, class6: found, class: found });
      this.#plane.release(ptr);
    }
    this.#plane.release(plane.endpoint);
  }

  /** Somebody else has it by a higher generation: this host stops, and sends on what still comes. */
  #lose(attachment: Attachment, resolution: Resolution): void {
    const { network, plane, partition } = attachment;
    this.#remove(attachment, "moved");
    if (plane) {
      const { sendOnMax } = this.#settings;
      this.#plane.endpoints.write(plane.endpoint, { ...network.remoteFields(resolution), sendOn: sendOnMax });
      this.#plane.release(plane.endpoint);
      this.#install(network, resolution);
      this.#plane.endpoints.setSendOn(plane.endpoint, sendOnMax);
    }
    const { host, endpoint } = resolution;
    this.#events.push({ type: "moved", partition, to: host.name, generation: endpoint.generation });
  }

  #remove(attachment: Attachment, state: "moved" | "detached" | "refused"): void {
    const { network, plane, vnic, ips, mac } = attachment;
    attachment.state_ = state;
    this.#attachments.delete(keyOf(attachment));
    this.#byPort.delete(vnic.index);
    this.#claims.drop(attachment);
    if (plane) this.#plane.detach(plane);
    attachment.lag?.remove();
    if (!plane) return;
    const { endpoints } = this.#plane;
    for (const ip of [...ips, linkLocalOf(mac)]) {
      const ptr = endpoints.find({ network: network.plane.ptr, ip: parseIp("ip", ip) });
      if (ptr !== 0) endpoints.remove(ptr);
    }
    network.attached--;
    if (network.attached === 0) this.#requests.ask("unwatch", { vni: network.vni }, () => undefined);
  }

  #refuse(attachment: Attachment, reason: string): void {
    this.#remove(attachment, "refused");
    this.#removeEndpoint(attachment);
    this.#events.push({ type: "refused", partition: attachment.partition, reason });
  }

  /** The partition is nowhere that this host knows of. */
  #removeEndpoint({ plane }: Attachment): void {
    if (plane) this.#plane.endpoints.remove(plane.endpoint);
  }

  /** Runs what writes into tables: one that is full is told of, and what it could not take is as if unknown. */
  #fitting(run: () => void): void {
    try {
      run();
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      if (this.#nowMs < this.#fullUntilMs) return;
      this.#fullUntilMs = this.#nowMs + FULL_MS;
      this.#events.push({ type: "full", reason: error.message });
    }
  }

  /** What the data plane asks and hands over. Returns how many frames have gone out or to guests by it. */
  #work(): number {
    for (const ptr of this.#plane.questions()) this.#askAbout(ptr);
    const frames = this.#plane.control.take();
    for (const frame of frames) this.#takeFrame(frame);
    this.#stale.flush();
    return frames.length;
  }

  #askAbout(ptr: number): void {
    const { endpoints } = this.#plane;
    if (endpoints.state(ptr) === "free") return;
    const network = this.#networks.get(this.#plane.networkAt(endpoints.network(ptr)).vni);
    if (!network) return;
    const isAddress = endpoints.isAddress(ptr);
    const key: EndpointKey = isAddress
      ? { network: network.plane.ptr, ip: endpoints.ip(ptr) }
      : { network: network.plane.ptr, mac: parseMac("mac", endpoints.mac(ptr)) };
    const { vni } = network;
    const query = "ip" in key ? { vni, ip: ipText(key.ip) } : { vni, mac: endpoints.mac(ptr) };
    this.#requests.ask("resolve", { query }, (answer) => {
      // By its key, since the record may be another's by now.
      const at = endpoints.find(key);
      if (at === 0) return;
      endpoints.answered(at);
      if (!("value" in answer)) {
        this.#timers.at(this.#nowMs + this.#settings.times.refreshMs, () => {
          const again = endpoints.find(key);
          if (again !== 0) endpoints.askAgain(again);
        });
        return;
      }
      const resolution = answer.value;
      if ("ip" in key) {
        // It has come here meanwhile: what is known of it is its own.
        if (endpoints.state(at) === "local") this.#plane.release(at);
        else if (resolution) this.#writeAddress(network, at, ipText(key.ip), resolution.endpoint);
        else this.#writeAbsent(network, at);
      } else if (endpoints.state(at) === "local") this.#plane.release(at);
      else if (resolution && resolution.host.name !== this.name) this.#install(network, resolution);
      else this.#writeAbsent(network, at);
    });
  }

  #takeFrame(frame: ControlFrame): void {
    const attachment = this.#byPort.get(frame.port);
    if (frame.reason === "elsewhere") this.#stale.take(frame);
    else if (frame.reason === "queue-pair") this.#takeMoved(frame);
    else if (!attachment) frame.dispose(DROP_CONTROL_RING_FULL);
    else if (frame.reason === "too-big") this.#tellTooBig(frame);
    else {
      frame.dispose();
      this.#neighbours.take(frame.port, attachment.vni, frame.bytes);
    }
  }

  #tellTooBig(frame: ControlFrame): void {
    let bucket = this.#icmp.get(frame.port);
    if (!bucket) {
      bucket = new TokenBucket({ burst: ICMP_BURST, perSecond: ICMP_PER_SECOND });
      this.#icmp.set(frame.port, bucket);
    }
    const answer = tooBig(frame.bytes, frame.detail);
    if (typeof answer === "string" || !bucket.take(this.#nowMs)) {
      frame.dispose(DROP_TOO_BIG);
      return;
    }
    frame.dispose(DROP_TOO_BIG_ANSWERED);
    this.#give(frame.port, answer);
  }

  /** Another host says that somebody whom this one sends to is not there: the directory knows better, and what was rejected goes again. */
  #takeMoved(frame: ControlFrame): void {
    const message = decodeMoved(frame.bytes.subarray(frame.payload, frame.payload + MOVED_BYTES));
    const sender = senderOf(frame);
    frame.dispose();
    if (typeof message === "string") return;
    const { vni, mac, gqpn, rejected } = message;
    const network = this.#networks.get(vni);
    if (!network) return;
    const { endpoints } = this.#plane;
    const ptr = endpoints.find({ network: network.plane.ptr, mac: parseMac("mac", mac) });
    if (ptr === 0 || endpoints.state(ptr) === "local") return;
    const isNews = endpoints.hostIs(ptr, parseIp("sender", sender));
    const again = (at: number) => (rejected ? this.#plane.resend(at, rejected.first, rejected.bitmap) : 0);
    if (!isNews) {
      again(ptr);
      return;
    }
    endpoints.doubt(ptr, this.#plane.tick + this.#ticks(this.#settings.times.missMs));
    this.#requests.ask("resolve", { query: gqpn === 0 ? { vni, mac } : { gqpn } }, (answer) => {
      const at = endpoints.find({ network: network.plane.ptr, mac: parseMac("mac", mac) });
      if (at === 0) return;
      const resolution = "value" in answer ? answer.value : undefined;
      if (!resolution || resolution.host.name === this.name) {
        if ("value" in answer) this.#writeAbsent(network, at);
        return;
      }
      const fields = { ...network.remoteFields(resolution), forwards: isForwarder(resolution.endpoint) };
      endpoints.write(at, fields);
      const resent = again(at);
      this.#plane.release(at);
      this.#events.push({ type: "redirected", vni, mac, to: resolution.host.name, resent });
    });
  }

  #whereabouts(vni: number, mac: string) {
    const network = this.#networks.get(vni);
    const { endpoints } = this.#plane;
    const ptr = network ? endpoints.find({ network: network.plane.ptr, mac: parseMac("mac", mac) }) : 0;
    if (ptr === 0) return undefined;
    const isElsewhere = endpoints.state(ptr) === "remote";
    return {
      gqpn: endpoints.gqpn(ptr),
      generation: endpoints.generation(ptr),
      hint: isElsewhere ? endpoints.hostOf(ptr, this.address.includes(":")) : undefined,
    };
  }

  #networkOf(vni: number): HostNetwork {
    let network = this.#networks.get(vni);
    if (!network) {
      const context = {
        settings: this.#settings,
        options: this.#options,
        isUp: (uplink: number) => this.#plane.group !== undefined || !this.#downUplinks.has(uplink),
      };
      network = new HostNetwork(this.#plane, context, this.#policy.network(vni));
      this.#networks.set(vni, network);
      this.#findWaypoints(network);
    }
    return network;
  }

  /** Partitions that rules send traffic through, wherever they are. */
  #findWaypoints(network: HostNetwork): void {
    for (const partition of network.policy.waypoints) {
      this.#requests.ask("resolve", { query: { vni: network.vni, partition } }, (answer) => {
        const resolution = "value" in answer ? answer.value : undefined;
        if (resolution && resolution.host.name !== this.name) this.#install(network, resolution);
        else if ("failure" in answer) {
          this.#timers.at(this.#nowMs + this.#settings.times.missMs, () => this.#findWaypoints(network));
        }
      });
    }
    for (const attachment of this.#attachments.values())
      if (attachment.network === network) this.#writeLocal(attachment);
  }

  /** All that is known of a network's endpoints is asked anew: their classes are others. */
  #describeAll(network: HostNetwork): void {
    const { endpoints } = this.#plane;
    for (const ptr of endpoints.all()) {
      const isHeld = endpoints.network(ptr) === network.plane.ptr && endpoints.state(ptr) !== "local";
      if (isHeld && endpoints.state(ptr) !== "pending") {
        endpoints.doubt(ptr, this.#plane.tick + this.#ticks(this.#settings.times.missMs));
        this.#askAbout(ptr);
      }
    }
  }

  #watch(network: HostNetwork): void {
    this.#requests.ask("watch", { vni: network.vni }, (answer) => {
      if ("value" in answer || network.attached === 0) return;
      this.#timers.at(this.#nowMs + this.#settings.times.missMs, () => this.#watch(network));
    });
  }

  #askMembers(network: HostNetwork): void {
    this.#requests.ask("members", { vni: network.vni }, (answer) => {
      if ("value" in answer) network.setMembers(answer.value);
      else this.#timers.at(this.#nowMs + this.#settings.times.missMs, () => this.#askMembers(network));
    });
  }

  /** Somebody came, moved or went: his host of before may have nobody any more. Several changes are one question. */
  #askMembersSoon(network: HostNetwork | undefined): void {
    if (!network?.policy.flood || network.isAskingMembers) return;
    network.isAskingMembers = true;
    this.#timers.at(this.#nowMs + this.#settings.times.refreshMs, () => {
      network.isAskingMembers = false;
      this.#askMembers(network);
    });
  }

  #joinGroup({ options, vnic }: Attachment) {
    const { group } = this.#plane;
    if (!group) return undefined;
    const { members, backup, standalone, minLinks, preemptionDelayMs, preempt } = options;
    const set = { members, backup, standalone, minLinks, preemptionDelayMs, preempt };
    const given = Object.fromEntries(Object.entries(set).filter(([, value]) => value !== undefined));
    const usual = members === undefined && standalone === undefined ? { members: group.ports.slice(0, 8) } : {};
    return group.addPartition({ name: `${options.partition} ${vnic.name}`, vnic, ...usual, ...given }, this.#nowMs);
  }

  #give(port: number, frame: Uint8Array): void {
    const vnic = this.#byPort.get(port)?.vnic;
    if (vnic) this.#post(vnic, frame);
  }

  #post(port: Port, bytes: Uint8Array): void {
    const frame = port.reserve(bytes.length);
    if (!frame) return;
    frame.payload.set(bytes);
    if (!port.post(frame)) frame.release();
  }

  #portAt(index: number): Port | undefined {
    return this.#plane.uplinks.find((port) => port.index === index);
  }

  #contact(reachable: boolean): void {
    if (reachable) this.#contactMs = this.#nowMs;
    if (reachable !== this.#reachable) this.#events.push({ type: "directory", reachable });
    this.#reachable = reachable;
    this.#setTime(this.#nowMs);
  }

  #ticks(ms: number): number {
    return Math.ceil(ms / this.#settings.times.tickMs);
  }

  #setTime(nowMs: number): void {
    this.#nowMs = Math.max(this.#nowMs, nowMs);
    const { tickMs, leaseMs } = this.#settings.times;
    const tick = (ms: number) => Math.floor(ms / tickMs) >>> 0;
    this.#plane.setTime(tick(this.#nowMs), tick(this.#contactMs + leaseMs));
    this.#plane.group?.tick(this.#nowMs);
  }
}

const MOVED_BYTES = 64;

function keyOf({ vni, mac }: Attachment): string {
  return `${vni} ${mac}`;
}

/** A waypoint says so among its labels, so that every host knows that it sends on what others have sent. */
export const FORWARDS_LABEL = "ringlane/forwards";

function isForwarder({ labels }: EndpointRecord): boolean {
  return labels[FORWARDS_LABEL] === "true";
}

function checkStation(mac: string): string {
  const bytes = parseMac("mac", mac);
  if (((bytes[0] as number) & 1) !== 0 || bytes.every((byte) => byte === 0)) {
    throw new ConfigError("mac", mac, "one station's address");
  }
  return mac.toLowerCase();
}

/** The IPv6 address that a station makes of its MAC address (RFC 4291 appendix A). */
export function linkLocalOf(mac: string): string {
  const [a, b, c, d, e, f] = parseMac("mac", mac) as unknown as [number, number, number, number, number, number];
  return ipText(Uint8Array.of(0xfe, 0x80, 0, 0, 0, 0, 0, 0, a ^ 2, b, c, 0xff, 0xfe, d, e, f));
}
