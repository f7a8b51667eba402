/** Keys that valibot passes over without a word, in records and in objects: whoever says one must hear of it. */
export const UNUSABLE_KEYS: readonly string[] = ["__proto__", "constructor", "prototype"];

/** The path of such a key within plain objects and lists; undefined when there is none. */
export function unusablePath(value: unknown): readonly string[] | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  for (const [key, inner] of Object.entries(value)) {
    if (UNUSABLE_KEYS.includes(key)) return [key];
    const path = unusablePath(inner);
    if (path) return [key, ...path];
  }
  return undefined;
}
