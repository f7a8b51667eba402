/**
 * An EVPN update's way from the VTEP that the VM has come to, over a route reflector (RFC 4456), to everybody else's: each speaker
 * works it in and keeps its timer, and each message crosses two links.
 */
import type { Course } from "./course.js";
import { type MacRoute, MacRoutes } from "./mac-routes.js";
import type { BlackoutSettings } from "./options.js";
import { BgpSpeaker } from "./speaker.js";

/** A route that is in a sender's forwarding table from a time on. */
export interface RouteUpdate {
  readonly atMs: number;
  readonly route: MacRoute;
}

/** The one peer of a VTEP's speaker. */
const REFLECTOR = 0;

/** What VTEPs know while the VM is where it always was. */
export function routesTo(vtep: number): MacRoutes {
  const routes = new MacRoutes();
  routes.learn({ vtep, sequence: 0 });
  return routes;
}

/** The update that each sender's VTEP gets when the VM resumes at another VTEP. */
export function routeUpdates(
  settings: BlackoutSettings,
  course: Course,
  [oldVtep, newVtep]: readonly [number, number],
): RouteUpdate[] {
  const random = course.random("bgp");
  const speaker = () => new BgpSpeaker(settings, random);
  const [origin, reflector] = [speaker(), speaker()];
  const crossingMs = 2 * settings.linkDelayMs;
  const route = routesTo(oldVtep).local(newVtep);
  // The VM's host announces it at the resume, on the port of its own VTEP, where nothing is lost.
  const advertisedMs = origin.advertised(REFLECTOR, origin.processed(course.resumeMs));
  const reflectedMs = reflector.processed(advertisedMs + crossingMs);
  return Array.from({ length: settings.senders }, (_, sender) => {
    const sentMs = reflector.advertised(sender, reflectedMs);
    return { atMs: speaker().processed(sentMs + crossingMs), route };
  });
}
