/** Lines of the page: no longer than a terminal is likely to be wide, broken between words. */
const WIDTH = 110;

/** Facts behind a head, as many to a line as find room whole; further lines begin where the first fact does. */
export function behind(head: string, facts: readonly string[]): string[] {
  const indent = " ".repeat(head.length);
  return packed(facts, WIDTH - head.length).map((line, i) => `${i === 0 ? head : indent}${line}`);
}

function packed(facts: readonly string[], width: number): string[] {
  const lines: string[] = [];
  for (const [i, fact] of facts.entries()) {
    const text = i === facts.length - 1 ? fact : `${fact};`;
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + text.length <= width) lines[lines.length - 1] = `${last} ${text}`;
    else lines.push(...wrapped(text, width));
  }
  return lines;
}

/** A word that is longer than a line is left whole. */
export function wrapped(text: string, width = WIDTH): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
