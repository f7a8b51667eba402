/** The state of an attachment, as a move takes it. */
import type { Attachment } from "../attachment.js";
import type { HostEngine } from "../plane.js";
import type { AdapterState } from "./adapter.js";

export function adapterStateOf(_engine: HostEngine, attachment: Attachment): AdapterState {
  return {
    read: () => [
      {
        adapter: `${attachment.vni}/${attachment.mac}`,
        name: "identity",
        dirty: 0,
        bytes: new TextEncoder().encode(attachment.partition),
      },
    ],
    insert: () => undefined,
    surrender: () => [],
    clear: () => undefined,
  };
}
