/** An inventory from YAML text. */
import { parseDocument } from "../../document/parse.js";
import type { Inventory } from "./inventory.js";
import { inventoryOf } from "./inventory.js";
import { inventoryProblems } from "./problems.js";
import { InventorySchema } from "./schema.js";

/** The inventory that the text says. Throws DocumentError, with the place in the file, for the first thing that is wrong. */
export function parseInventory(file: string, text: string): Inventory {
  const definition = parseDocument(file, text, InventorySchema, (inventory, refuse) => {
    for (const { path, value, bound } of inventoryProblems(inventory)) {
      refuse(path, `${bound}, ${value === undefined ? "but it is missing" : `received ${JSON.stringify(value)}`}`);
    }
  });
  return inventoryOf(definition);
}
