/** Where something stands in a text, as errors say it. */

/** Line and column, from 1, of the only place where the text says so. */
export function placeOf(text: string, said: string): [line: number, column: number] {
  const at = text.indexOf(said);
  if (at < 0 || text.includes(said, at + 1)) throw new Error(`not once in the text: ${said}`);
  const before = text.slice(0, at).split("\n");
  return [before.length, (before.at(-1) as string).length + 1];
}
