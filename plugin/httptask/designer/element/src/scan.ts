// Reads the parts of a JSON text that are shown. A text of 10 MB is shown without being parsed, and numbers keep every digit.

/** A value in the text, from offset *start* to *end* (exclusive); *key* is the name of a member. */
export interface Node {
  key: string | null;
  start: number;
  end: number;
  kind: "{" | "[" | '"' | "";
  /** The number of members or items; 0 for a scalar. */
  count: number;
}
const QUOTE = 34;
const BACKSLASH = 92;
const OPEN = new Set([91, 123]);
const CLOSE = new Set([93, 125]);
const COMMA = 44;

/** The offset of the first character from *from* on that is no white space. */
function skipSpace(text: string, from: number): number {
  for (;;) {
    const code = text.charCodeAt(from);
    if (code !== 32 && code !== 10 && code !== 13 && code !== 9) return from;
    from++;
  }
}

/** The offset behind the string that starts at *from*. */
function stringEnd(text: string, from: number): number {
  for (let offset = from + 1; ; ) {
    const quote = text.indexOf('"', offset);
    if (quote < 0) throw new SyntaxError();
    let backslashes = 0;
    while (text.charCodeAt(quote - 1 - backslashes) === BACKSLASH) backslashes++;
    // An even number escape each other: the quote ends the string.
    if (backslashes % 2 === 0) return quote + 1;
    offset = quote + 1;
  }
}

/** Find the end of the value that starts at *from* and count its members. Throws SyntaxError; the members are not read. */
export function nodeAt(text: string, from: number, key: string | null = null): Node {
  const start = skipSpace(text, from);
  const first = text.charCodeAt(start);
  if (first === QUOTE) return { key, start, end: stringEnd(text, start), kind: '"', count: 0 };
  if (!OPEN.has(first)) {
    let end = start;
    while (end < text.length && !/[\s,\]}]/.test(text[end]!)) end++;
    if (end === start) throw new SyntaxError();
    return { key, start, end, kind: "", count: 0 };
  }
  let depth = 0;
  let commas = 0;
  for (let offset = start; offset < text.length; offset++) {
    const code = text.charCodeAt(offset);
    if (code === QUOTE) offset = stringEnd(text, offset) - 1;
    else if (OPEN.has(code)) depth++;
    else if (CLOSE.has(code)) {
      if (--depth > 0) continue;
      const isEmpty = skipSpace(text, start + 1) === offset;
      return { key, start, end: offset + 1, kind: text[start] as "{" | "[", count: isEmpty ? 0 : commas + 1 };
    } else if (code === COMMA && depth === 1) commas++;
  }
  throw new SyntaxError();
}

/**
 * Read at most *most* members or items of *node*, beginning at offset *from* (null: with the first). *next* is the offset
 * of the one to go on with; null at the end.
 */
export function inside(text: string, node: Node, from: number | null, most: number): { nodes: Node[]; next: number | null } {
  const nodes: Node[] = [];
  let offset = from ?? node.start + 1;
  while (nodes.length < most) {
    offset = skipSpace(text, offset);
    if (offset >= node.end - 1) return { nodes, next: null };
    let key: string | null = null;
    if (node.kind === "{") {
      const end = stringEnd(text, offset);
      key = JSON.parse(text.slice(offset, end)) as string;
      offset = skipSpace(text, end) + 1;
    }
    const value = nodeAt(text, offset, key);
    nodes.push(value);
    offset = skipSpace(text, value.end) + 1;
  }
  return { nodes, next: offset >= node.end ? null : offset };
}

/** Yield the members or items of *node* in order: the offset where each starts (a member with its name), and its value. */
function* walk(text: string, node: Node): Generator<{ start: number; value: Node }> {
  let offset = node.start + 1;
  for (let index = 0; index < node.count; index++) {
    const start = skipSpace(text, offset);
    const valueStart = node.kind === "{" ? skipSpace(text, stringEnd(text, start)) + 1 : start;
    const value = nodeAt(text, valueStart);
    yield { start, value };
    offset = skipSpace(text, value.end) + 1;
  }
}

/** The offset where the member or item number *index* of *node* starts. */
export function startOf(text: string, node: Node, index: number): number {
  let count = 0;
  for (const { start } of walk(text, node)) if (count++ === index) return start;
  return node.end - 1;
}

/** The indexes of the members and items on the way from *root* to the innermost value around *offset*. */
export function wayTo(text: string, root: Node, offset: number): number[] {
  const path: number[] = [];
  for (let node = root; node.count; ) {
    let index = 0;
    let inner: Node | null = null;
    for (const { start, value } of walk(text, node)) {
      if (offset < start) break;
      if (offset < value.end) {
        inner = value;
        break;
      }
      index++;
    }
    if (!inner) break;
    path.push(index);
    node = inner;
  }
  return path;
}

/** The offset of the value below *root* at the JSON Pointer segments *names*; if there is none, of the nearest value around it. */
export function offsetOf(text: string, root: Node, names: string[]): number {
  let node = root;
  for (const name of names) {
    let index = 0;
    let inner: Node | null = null;
    for (const { start, value } of walk(text, node)) {
      const key = node.kind === "[" ? String(index++) : (JSON.parse(text.slice(start, stringEnd(text, start))) as string);
      if (key === name) {
        inner = value;
        break;
      }
    }
    if (!inner) break;
    node = inner;
  }
  return node.start;
}
