/**
 * A host that drives one side of a move: it keeps a lease, carries packets and questions over links, runs adapters, and does what the
 * machine says. It can be killed, and be there again without memory.
 */
import {
  type Arrival,
  type MoveAction,
  type MoveEvent,
  type MovePacket,
  type MoveSource,
  type MoveTarget,
  unknownMove,
} from "../../../src/migrate/move/index.js";
import type { Clock } from "../../../src/sim/clock.js";
import { type Adapter, senderOf, type TestFrame } from "./adapter.js";
import type { TestDirectory } from "./directory.js";
import type { Link } from "./link.js";

export type Machine = MoveSource<TestFrame> | MoveTarget<TestFrame>;

export interface HostLinks {
  readonly toPeer: Link;
  readonly toDirectory: Link;
  readonly fromDirectory: Link;
  readonly toSenders: Link;
}

/** What the world hears. */
export interface HostWorld {
  readonly clock: Clock;
  readonly directory: TestDirectory;
  delivered(frame: TestFrame, host: TestHost): void;
  accepted(frame: TestFrame): void;
  answeredMoved(arrival: Arrival<TestFrame>): void;
  lost(frame: TestFrame): void;
  /** After everything that a host has done; action: what it was. */
  acted(host: TestHost, action: MoveAction<TestFrame>): void;
}

/** A lease at the directory, how often it is renewed, and how long answers to the driver's own calls take. */
export const TTL_MS = 130;
const RENEW_MS = 20;
const DRIVER_MS = 0.05;
const PUBLISH_RETRY_MS = 10;
/** The guest takes a frame so often. */
const GUEST_MS = 0.03;

export class TestHost {
  readonly name: string;
  readonly adapters: readonly Adapter[];
  peer!: TestHost;
  isAlive = true;
  isRunning = false;
  machine: Machine | undefined;
  leasedUntilMs = 0;
  readonly #world: HostWorld;
  readonly #links: HostLinks;
  #incarnation = 0;
  #hasLease = false;
  /** The last request for time was not answered. */
  #isUnheard = false;
  #tickAtMs = Number.POSITIVE_INFINITY;
  #isGuestBusy = false;
  #publishing = 0;
  /** Frames between adapters and machine. */
  readonly #inside: TestFrame[] = [];
  /** Faults of this driver that a test wants. */
  insertFailure: string | undefined;
  roomFailure: string | undefined;

  constructor(name: string, world: HostWorld, links: HostLinks, adapters: readonly Adapter[]) {
    this.name = name;
    this.adapters = adapters;
    this.#world = world;
    this.#links = links;
  }

  /** Everything that is in this host's memory. */
  *frames(): Generator<TestFrame> {
    for (const adapter of this.adapters) yield* adapter.queue;
    if (this.machine) yield* this.machine.frames();
    yield* this.#inside;
  }

  /** Begins to keep a lease. */
  boot(): void {
    this.#keepLease();
  }

  kill(): void {
    this.isAlive = false;
    this.isRunning = false;
    this.#incarnation++;
  }

  /** Without memory; the lease that it may have had ends before it takes another. */
  restart(): void {
    this.isAlive = true;
    this.machine = undefined;
    this.#inside.length = 0;
    this.#isGuestBusy = false;
    this.#isUnheard = false;
    this.#hasLease = false;
    for (const adapter of this.adapters) adapter.reset();
    this.#after(TTL_MS, () => this.boot());
  }

  handle(event: MoveEvent<TestFrame>): void {
    if (!this.machine) return;
    for (const action of this.machine.handle(event, this.#world.clock.nowMs)) this.#do(action);
    this.#schedule();
  }

  receive(packet: MovePacket<TestFrame>): void {
    if (this.machine) this.handle({ type: "packet", packet });
    else if (!packet.isUnknown) this.#send(unknownMove(packet));
  }

  /** A sender's frame. */
  arrive(arrival: Arrival<TestFrame>): void {
    if (!this.isAlive) this.#world.lost(arrival.frame);
    else if (this.machine) this.handle({ type: "frame", ...arrival });
    else this.#answerMoved(arrival);
  }

  #do(action: MoveAction<TestFrame>): void {
    const { directory } = this.#world;
    switch (action.type) {
      case "send":
        this.#send(action.packet);
        break;
      case "ask":
        this.#call(
          () => directory.answer(action.question),
          (answer) => this.handle({ type: "answer", answer }),
        );
        break;
      case "read":
        this.#later(() => this.handle({ type: "sections", sections: this.#sections() }));
        break;
      case "quiesce":
        this.isRunning = false;
        this.#later(() => this.handle({ type: "quiesced" }));
        break;
      case "extract":
        this.#later(() => this.handle({ type: "sections", sections: this.#sections() }));
        break;
      case "freeze":
        this.isRunning = false;
        break;
      case "resume":
        if (action.start === "blank") for (const adapter of this.adapters) adapter.reset();
        this.isRunning = true;
        this.#serve();
        break;
      case "surrender": {
        const arrivals = this.adapters
          .flatMap((adapter) => adapter.empty())
          .map((frame) => ({ frame, sender: senderOf(frame) }));
        this.#later(() => this.handle({ type: "surrendered", arrivals }), arrivals);
        break;
      }
      case "reserve":
        this.#later(() =>
          this.handle(this.roomFailure ? { type: "no-room", reason: this.roomFailure } : { type: "room" }),
        );
        break;
      case "insert": {
        const { adapter: name, sections } = action;
        const { machine } = this;
        this.#later(() => {
          if (machine?.step !== "inserting") return;
          if (this.insertFailure && name !== "a0") {
            return this.handle({ type: "insert-failed", adapter: name, reason: this.insertFailure });
          }
          this.adapters.find((adapter) => adapter.name === name)?.write(sections);
          this.handle({ type: "inserted", adapter: name });
        });
        break;
      }
      case "discard":
      case "release":
        for (const adapter of this.adapters) adapter.reset();
        break;
      case "publish":
        this.#publishing = action.generation;
        this.#publish(action.generation, 1);
        break;
      case "deliver":
        this.#world.accepted(action.frame);
        this.adapters[action.frame.flow]?.put(action.frame);
        this.#serve();
        break;
      case "hold":
      case "forward":
        this.#world.accepted(action.frame);
        break;
      case "moved":
        this.#answerMoved(action);
        break;
    }
    this.#world.acted(this, action);
  }

  #sections() {
    return this.adapters.flatMap((adapter) => adapter.read());
  }

  #send(packet: MovePacket<TestFrame>): void {
    const { peer } = this;
    this.#links.toPeer.send(() => {
      if (peer.isAlive) peer.receive(packet);
    });
  }

  /** Asks the directory; no answer comes when a link has lost it. */
  #call<T>(ask: () => T, done: (answer: T) => void): void {
    const incarnation = this.#incarnation;
    this.#links.toDirectory.send(() => {
      const answer = ask();
      this.#links.fromDirectory.send(() => {
        if (this.#incarnation === incarnation) done(answer);
      });
    });
  }

  #keepLease(): void {
    const askedMs = this.#world.clock.nowMs;
    const { directory } = this.#world;
    const heard = () => {
      this.#isUnheard = false;
    };
    const granted = () => {
      heard();
      this.#hasLease = true;
      this.leasedUntilMs = Math.max(this.leasedUntilMs, askedMs + TTL_MS);
      this.handle({ type: "leased", untilMs: this.leasedUntilMs });
    };
    // Who hears nothing asks for no more time: a lease that its host cannot see would keep the VM from everybody.
    if (this.#isUnheard) this.#call(() => directory.owner, heard);
    else if (this.#hasLease && askedMs < this.leasedUntilMs) {
      this.#isUnheard = true;
      this.#call(
        () => directory.renew(this.name),
        (isRenewed) => {
          heard();
          if (isRenewed) granted();
        },
      );
    } else {
      this.#isUnheard = true;
      this.#call(() => directory.lease(this.name, TTL_MS), granted);
    }
    this.#after(RENEW_MS, () => this.#keepLease());
  }

  /** The other adapters' endpoints, one after the other, until the directory has them or knows better. */
  #publish(generation: number, adapter: number): void {
    if (this.#publishing !== generation) return;
    if (adapter === this.adapters.length) {
      this.#publishing = 0;
      this.handle({ type: "published" });
      return;
    }
    let isDone = false;
    this.#call(
      () => this.#world.directory.publish(adapter, { host: this.name, generation, start: "kept" }),
      () => {
        if (isDone) return;
        isDone = true;
        this.#publish(generation, adapter + 1);
      },
    );
    this.#after(PUBLISH_RETRY_MS, () => {
      if (isDone) return;
      isDone = true;
      this.#publish(generation, adapter);
    });
  }

  /** The guest takes frames one by one while it runs. */
  #serve(): void {
    if (this.#isGuestBusy || !this.isRunning) return;
    const adapter = this.adapters.find(({ queue }) => queue.length > 0);
    if (!adapter) return;
    this.#isGuestBusy = true;
    this.#after(
      GUEST_MS,
      () => {
        this.#isGuestBusy = false;
        const frame = this.isRunning ? adapter.take() : undefined;
        if (frame) this.#world.delivered(frame, this);
        this.#serve();
      },
      () => {
        this.#isGuestBusy = false;
      },
    );
  }

  #answerMoved(arrival: Arrival<TestFrame>): void {
    this.#links.toSenders.send(
      () => this.#world.answeredMoved(arrival),
      () => this.#world.lost(arrival.frame),
    );
  }

  #schedule(): void {
    const nextMs = this.machine?.nextMs;
    if (nextMs === undefined || nextMs >= this.#tickAtMs) return;
    this.#tickAtMs = nextMs;
    const { clock } = this.#world;
    const incarnation = this.#incarnation;
    // A nanosecond later, so that the time in ms is not just before it.
    clock.at(Math.floor(nextMs * 1e6) + 1, {
      fire: () => {
        if (this.#tickAtMs === nextMs) this.#tickAtMs = Number.POSITIVE_INFINITY;
        if (this.#incarnation === incarnation) this.handle({ type: "tick" });
      },
    });
  }

  #later(act: () => void, memory: readonly Arrival<TestFrame>[] = []): void {
    this.#inside.push(...memory.map(({ frame }) => frame));
    this.#after(DRIVER_MS, () => {
      if (memory.length > 0) this.#inside.splice(0, memory.length);
      act();
    });
  }

  #after(delayMs: number, act: () => void, otherwise: () => void = () => undefined): void {
    const incarnation = this.#incarnation;
    this.#world.clock.after(Math.round(delayMs * 1e6), {
      fire: () => (this.#incarnation === incarnation ? act() : otherwise()),
    });
  }
}
