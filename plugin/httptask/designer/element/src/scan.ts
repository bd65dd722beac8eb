// A JSON text read only where somebody looks: 10 MB are shown without being parsed, and every digit stays as it came.

export interface Node {
  key: string | null;
  start: number;
  end: number;
  kind: "{" | "[" | '"' | "";
  /** Members or items; of a scalar 0. */
  count: number;
}
const QUOTE = 34;
const BACKSLASH = 92;
const OPEN = new Set([91, 123]);
const CLOSE = new Set([93, 125]);
const COMMA = 44;

function space(text: string, from: number): number {
  for (;;) {
    const code = text.charCodeAt(from);
    if (code !== 32 && code !== 10 && code !== 13 && code !== 9) return from;
    from++;
  }
}

/** The place behind the string that starts at *from*. */
function stringEnd(text: string, from: number): number {
  for (let at = from + 1; ; ) {
    const quote = text.indexOf('"', at);
    if (quote < 0) throw new SyntaxError();
    let escapes = 0;
    while (text.charCodeAt(quote - 1 - escapes) === BACKSLASH) escapes++;
    if (escapes % 2 === 0) return quote + 1;
    at = quote + 1;
  }
}

/** The value that starts at *from*, without what is in it. */
export function nodeAt(text: string, from: number, key: string | null = null): Node {
  const start = space(text, from);
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
  for (let at = start; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = stringEnd(text, at) - 1;
    else if (OPEN.has(code)) depth++;
    else if (CLOSE.has(code)) {
      if (--depth > 0) continue;
      const empty = space(text, start + 1) === at;
      return { key, start, end: at + 1, kind: text[start] as "{" | "[", count: empty ? 0 : commas + 1 };
    } else if (code === COMMA && depth === 1) commas++;
  }
  throw new SyntaxError();
}

/** At most *most* of what is in *node*, from place *from* in the text on; and where to go on, or null. */
export function inside(text: string, node: Node, from: number | null, most: number): { nodes: Node[]; next: number | null } {
  const nodes: Node[] = [];
  let at = from ?? node.start + 1;
  while (nodes.length < most) {
    at = space(text, at);
    if (at >= node.end - 1) return { nodes, next: null };
    let key: string | null = null;
    if (node.kind === "{") {
      const end = stringEnd(text, at);
      key = JSON.parse(text.slice(at, end)) as string;
      at = space(text, end) + 1;
    }
    const found = nodeAt(text, at, key);
    nodes.push(found);
    at = space(text, found.end) + 1;
  }
  return { nodes, next: at >= node.end ? null : at };
}

/** The places of the members or items of *node*, in order: where each begins (of a member, its name), and the value. */
function* walk(text: string, node: Node): Generator<{ start: number; value: Node }> {
  let at = node.start + 1;
  for (let index = 0; index < node.count; index++) {
    const start = space(text, at);
    const valueAt = node.kind === "{" ? space(text, stringEnd(text, start)) + 1 : start;
    const value = nodeAt(text, valueAt);
    yield { start, value };
    at = space(text, value.end) + 1;
  }
}

/** Where the item or member number *index* of *node* begins. */
export function startOf(text: string, node: Node, index: number): number {
  let count = 0;
  for (const { start } of walk(text, node)) if (count++ === index) return start;
  return node.end - 1;
}

/** The numbers of the members and items that lead from *root* to the innermost value around *offset*. */
export function wayTo(text: string, root: Node, offset: number): number[] {
  const way: number[] = [];
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
    way.push(index);
    node = inner;
  }
  return way;
}

/** Where what is at the JSON Pointer segments *names* below *root* begins; where there is nothing, what it would stand in. */
export function offsetOf(text: string, root: Node, names: string[]): number {
  let node = root;
  for (const name of names) {
    let index = 0;
    let inner: Node | null = null;
    for (const { start, value } of walk(text, node)) {
      if (node.kind === "[" ? String(index++) === name : JSON.parse(text.slice(start, stringEnd(text, start))) === name) {
        inner = value;
        break;
      }
    }
    if (!inner) break;
    node = inner;
  }
  return node.start;
}
