/** Why two processes did not come together, or came apart. */
import { RinglaneError } from "../../index.js";

export class PeerError extends RinglaneError {
  constructor(message: string) {
    super("PEER", message);
  }
}
