/** How sections are read whose contents are also what a partition may be configured with. */
import { ConfigError } from "../../errors.js";
import type { StateRefusal } from "../../migrate/state/part.js";
import * as refusal from "../../migrate/state/refusal.js";

/** What read returns, or why the section is refused: by refuse(), or by a ConfigError. */
export function refusing<T>(section: string, read: () => T): T | StateRefusal {
  return refusal.refusing(section, () => {
    try {
      return read();
    } catch (error) {
      if (error instanceof ConfigError) refusal.refuse(error.argument, error.value, error.bound);
      throw error;
    }
  });
}
