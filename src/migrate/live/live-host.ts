/** What is read of a host: a HostCore's, or a Host's. */
import type { HostCore } from "../../host/core.js";

export type LiveHost = Pick<HostCore, "name" | "engine" | "record" | "uplinks" | "group" | "attachments">;
