// Texts of responses in a form to read: rows of CSV, indented XML, rows of a JSON list.
import { inside, type Node, nodeAt } from "./scan";
import { short } from "./value-list";

const MOST_ROWS = 5_000;
const MOST_COLUMNS = 40;
const MOST_CELL = 200;
const MOST_INDENT = 40;

export interface Rows {
  columns: string[];
  rows: string[][];
  /** Rows that there are; more than `rows` has when only the first are read. */
  count: number;
}

/** The sign that parts the cells: the one that stands most often in the first line. */
function separatorOf(line: string): string {
  const count = (sign: string) => line.split(sign).length;
  return ["\t", ";", ","].reduce((best, sign) => (count(sign) > count(best) ? sign : best), ",");
}

/** The rows of CSV (RFC 4180), the first one as the names of the columns. */
export function csvRows(text: string): Rows {
  const separator = separatorOf(/^[^\r\n]*/.exec(text)![0]);
  const cell = new RegExp(`"((?:[^"]|"")*)"?[^${separator}\r\n]*|([^${separator}\r\n]*)`, "y");
  const rows: string[][] = [];
  let row: string[] = [];
  for (let at = text[0] === "\ufeff" ? 1 : 0; at < text.length || row.length; ) {
    cell.lastIndex = at;
    const [whole, quoted, plain] = cell.exec(text)!;
    row.push(quoted === undefined ? plain! : quoted.replace(/""/g, '"'));
    at += whole.length;
    if (text[at] === separator && at < text.length) {
      at++;
      continue;
    }
    if (row.length > 1 || row[0]) rows.push(row);
    row = [];
    at += text.startsWith("\r\n", at) ? 2 : 1;
  }
  const [columns = [], ...rest] = rows;
  return { columns: columns.slice(0, MOST_COLUMNS), rows: rest.slice(0, MOST_ROWS).map((each) => each.slice(0, MOST_COLUMNS)), count: rest.length };
}

/** The first list of objects in the JSON *text*: the whole, or a member of it. */
export function listIn(text: string, root = nodeAt(text, 0)): Node | null {
  const isList = (node: Node) => node.kind === "[" && node.count > 0 && inside(text, node, null, 1).nodes[0]!.kind === "{";
  if (isList(root)) return root;
  return root.kind === "{" ? (inside(text, root, null, 100).nodes.find(isList) ?? null) : null;
}

/** The items of the *list* of the JSON *text*: a column for each of their names, a cell as its JSON, a text as itself. */
export function listRows(text: string, list: Node): Rows {
  const columns = new Map<string, number>();
  const rows = inside(text, list, null, MOST_ROWS).nodes.map((item) => {
    const row: string[] = [];
    if (item.kind !== "{") return row;
    for (const { key, kind, start, end } of inside(text, item, null, 200).nodes) {
      if (!columns.has(key!) && columns.size < MOST_COLUMNS) columns.set(key!, columns.size);
      const at = columns.get(key!);
      const cell = text.slice(start, end);
      if (at !== undefined) row[at] = short(kind === '"' && cell.length < MOST_CELL * 4 ? (JSON.parse(cell) as string) : cell, MOST_CELL);
    }
    return row;
  });
  return { columns: [...columns.keys()], rows: rows.map((row) => [...columns.keys()].map((_, at) => row[at] ?? "")), count: list.count };
}

/** *rows* by their cells in *column*: numbers by their size, what is empty last. */
export function sorted(rows: string[][], column: number, descending: boolean): string[][] {
  const cell = (row: string[]) => row[column] ?? "";
  const numbers = rows.every((row) => !cell(row) || !Number.isNaN(Number(cell(row))));
  const order = (a: string, b: string) => (numbers ? Number(a) - Number(b) : a.localeCompare(b));
  return [...rows].sort((a, b) => {
    const [left, right] = [cell(a), cell(b)];
    if (!left || !right) return Number(!left) - Number(!right);
    return descending ? order(right, left) : order(left, right);
  });
}

const XML_TOKEN = /<!--[^]*?(?:-->|$)|<!\[CDATA\[[^]*?(?:\]\]>|$)|<\?[^]*?(?:\?>|$)|<!DOCTYPE(?:[^[>]|\[[^]*?\])*>?|<[^>]*>?|[^<]+/g;

/** *xml* with a line for each element. It is only read as text: no entity is ever put in. */
export function indentedXml(xml: string): string {
  const lines: string[] = [];
  let depth = 0;
  /** The line of an opened element in which only a text has followed. */
  let open = false;
  for (const [token] of xml.matchAll(XML_TOKEN)) {
    const text = token.trim();
    if (!text) continue;
    const isTag = /^<[^!?]/.test(text);
    if (/^<\//.test(text)) {
      depth = Math.max(0, depth - 1);
      if (open) lines[lines.length - 1] += text;
      else lines.push("  ".repeat(Math.min(depth, MOST_INDENT)) + text);
      open = false;
    } else if (!text.startsWith("<") && open) lines[lines.length - 1] += text;
    else {
      lines.push("  ".repeat(Math.min(depth, MOST_INDENT)) + text);
      open = isTag && !text.endsWith("/>");
      if (open) depth++;
    }
  }
  return lines.join("\n");
}
