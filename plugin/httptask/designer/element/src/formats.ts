// Makes responses readable: CSV and JSON lists as rows of a table, XML indented.
import { inside, type Node, nodeAt } from "./scan";
import { short } from "./value-list";

const MOST_ROWS = 5_000;
const MOST_COLUMNS = 40;
const MOST_CELL = 200;
const MOST_INDENT = 40;

/** A table. */
export interface Rows {
  columns: string[];
  rows: string[][];
  /** The number of all rows; `rows` only has the first of them. */
  count: number;
}

/** The separator of a CSV file: tab, semicolon or comma, whichever is most frequent in its first line. */
function separatorOf(line: string): string {
  const count = (sign: string) => line.split(sign).length;
  return ["\t", ";", ","].reduce((best, sign) => (count(sign) > count(best) ? sign : best), ",");
}

/** The rows of CSV (RFC 4180); the first row has the names of the columns. Blank lines are skipped. */
export function csvRows(text: string): Rows {
  const separator = separatorOf(/^[^\r\n]*/.exec(text)![0]);
  // A quoted cell, or a plain one. What follows the closing quote of a cell is ignored, and so is a missing closing quote.
  const cell = new RegExp(`"((?:[^"]|"")*)"?[^${separator}\r\n]*|([^${separator}\r\n]*)`, "y");
  const rows: string[][] = [];
  let row: string[] = [];
  const start = text[0] === "\ufeff" ? 1 : 0; // behind a byte order mark
  // An open row keeps the loop going at the end of the text: after a last separator, one more empty cell is read.
  for (let offset = start; offset < text.length || row.length; ) {
    cell.lastIndex = offset;
    const [whole, quoted, plain] = cell.exec(text)!;
    row.push(quoted === undefined ? plain! : quoted.replace(/""/g, '"'));
    offset += whole.length;
    if (text[offset] === separator && offset < text.length) {
      offset++;
      continue;
    }
    if (row.length > 1 || row[0]) rows.push(row);
    row = [];
    offset += text.startsWith("\r\n", offset) ? 2 : 1;
  }
  const [columns = [], ...rest] = rows;
  return {
    columns: columns.slice(0, MOST_COLUMNS),
    rows: rest.slice(0, MOST_ROWS).map((cells) => cells.slice(0, MOST_COLUMNS)),
    count: rest.length,
  };
}

/** The first list of objects in the JSON *text*: the whole value, or one of its members; null where there is none. */
export function listIn(text: string, root = nodeAt(text, 0)): Node | null {
  const isList = (node: Node) => node.kind === "[" && node.count > 0 && inside(text, node, null, 1).nodes[0]!.kind === "{";
  if (isList(root)) return root;
  return root.kind === "{" ? (inside(text, root, null, 100).nodes.find(isList) ?? null) : null;
}

/** The items of *list*, a node of the JSON *text*, as rows: a column for each name of a member. A cell has JSON; a string, its text. */
export function listRows(text: string, list: Node): Rows {
  const columns = new Map<string, number>();
  const rows = inside(text, list, null, MOST_ROWS).nodes.map((item) => {
    const row: string[] = [];
    if (item.kind !== "{") return row;
    for (const { key, kind, start, end } of inside(text, item, null, 200).nodes) {
      if (!columns.has(key!) && columns.size < MOST_COLUMNS) columns.set(key!, columns.size);
      const column = columns.get(key!);
      if (column === undefined) continue; // beyond the last column that is shown
      const json = text.slice(start, end);
      // A very long string is not decoded: only its beginning is shown.
      const cell = kind === '"' && json.length < MOST_CELL * 4 ? (JSON.parse(json) as string) : json;
      row[column] = short(cell, MOST_CELL);
    }
    return row;
  });
  const names = [...columns.keys()];
  return { columns: names, rows: rows.map((row) => names.map((_, column) => row[column] ?? "")), count: list.count };
}

/** *rows* sorted by *column*: as numbers where all cells are numbers, else as text. Empty cells come last in both directions. */
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

/** A comment, a CDATA section, a processing instruction, a document type, a tag, or text. */
const XML_TOKEN = /<!--[^]*?(?:-->|$)|<!\[CDATA\[[^]*?(?:\]\]>|$)|<\?[^]*?(?:\?>|$)|<!DOCTYPE(?:[^[>]|\[[^]*?\])*>?|<[^>]*>?|[^<]+/g;

/** *xml* with a line for each element, indented. The text is never parsed as XML, so no entity is expanded. */
export function indentedXml(xml: string): string {
  const lines: string[] = [];
  let depth = 0;
  /** The last line is an opening tag, or one with its text: the text and the closing tag go on that line. */
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
