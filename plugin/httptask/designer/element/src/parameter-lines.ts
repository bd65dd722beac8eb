// A group of parameters as text, a line each: `name: value`, with `#` before one that is off; and back, without loss.
import { plain } from "./field-words";
import { isExpression, type Json, MASK, parse, same, unescapeText } from "./json";
import { isSecret, secretPointers } from "./secrets";
import { choices, dump, isShown, itemsOf, load, type Slot } from "./slots";
import type { Field } from "./types";

/** What *text* says as a value of *field*, as it stands in settings. */
function valueOf(field: Field, text: string): Json | undefined {
  if (!text) return undefined;
  if (/^["[{]/.test(text))
    try {
      return parse(text);
    } catch {
      /* text that only begins like JSON */
    }
  if (isExpression(text)) return text;
  return scalarOf(field, unescapeText(text), text);
}

/** The value of *field* that is written as *text*; *otherwise* where it takes none that is. */
export function scalarOf(field: Field, text: string, otherwise: string = text): Json {
  if (field.kind === "enum") return choices(field).find((choice) => plain(choice) === text) ?? otherwise;
  if (field.kind === "boolean") return text === "true" || (text === "false" ? false : otherwise);
  return (["string", "number", "any"].includes(field.kind) ? dump({ ...load(field), fx: false, text }) : undefined) ?? otherwise;
}

/** *value* of *field* as the shortest text that says it. */
function textOf(field: Field, value: Json | undefined): string {
  if (value === undefined) return "";
  const short = plain(value);
  const fits = short === short.trim() && !/[\r\n]/.test(short) && same(valueOf(field, short), value);
  return fits ? short : JSON.stringify(value);
}

const NAME = /^(#\s*)?("(?:[^"\\]|\\.)*"|[^:]*?)\s*(?::\s*(.*))?$/;
const nameText = (name: string): string => (/^[#"]|[:\r\n]|^\s|\s$/.test(name) ? JSON.stringify(name) : name);

/** Of what stands on the form in *group*: its slots, by their lines. */
export function linesOf(group: Slot): { text: string; slots: Map<string, Slot> } {
  const slots = new Map<string, Slot>();
  let secrets = 0;
  const entries = [...group.kids.filter(isShown).map((slot) => ({ name: slot.field.name!, slot })), ...group.own];
  const position = (name: string): number => (group.order.indexOf(name) + 1 || Infinity);
  const lines = entries.sort((one, other) => position(one.name) - position(other.name) || 0).map(({ name, slot }) => {
    const value = dump(slot);
    const masked = !slot.fx && (typeof value === "string" ? value !== "" && isSecret(slot, name) : secretPointers(slot).length > 0);
    const text = masked ? `${MASK}${secrets++ ? ` ${secrets}` : ""}` : textOf(slot.field, value);
    const line = `${slot.off ? "# " : ""}${nameText(name)}: ${text}`.trimEnd();
    if (masked) slots.set(text, slot);
    slots.set(line.replace(/^# /, ""), slot);
    return line;
  });
  return { text: lines.join("\n"), slots };
}

function nameOf(text: string): string {
  try {
    return text.startsWith('"') ? (parse(text) as string) : text.trim();
  } catch {
    return text;
  }
}

/** Put what *text* says into *group*; a line that is as it was keeps its slot, which is one of *slots*. */
export function takeLines(group: Slot, text: string, slots: Map<string, Slot>): void {
  const kids = new Map(group.kids.map((slot) => [slot.field.name!, slot]));
  const set = new Map<string, Slot>();
  const own: Slot["own"] = [];
  const order: string[] = [];
  for (const line of text.split("\n")) {
    if (!line.trim()) continue;
    const [, off, quoted = "", written = ""] = NAME.exec(line.trim())!;
    const name = nameOf(quoted);
    order.push(name);
    const documented = kids.has(name) && !set.has(name);
    const field = documented ? kids.get(name)!.field : itemsOf(group.field);
    const former = slots.get(line.trim().replace(/^#\s*/, ""));
    const value = slots.has(written) ? dump(slots.get(written)!) : valueOf(field, written.trim());
    const kept = former && former.field === field && !set.has(name) && !own.some(({ slot }) => slot === former) ? former : load(field, value);
    Object.assign(kept, { on: true, off: !!off && !field.required });
    if (documented) set.set(name, kept);
    else own.push({ name, slot: kept });
  }
  group.kids = group.kids.map((slot) => set.get(slot.field.name!) ?? (slot.field.required || slot.on ? load(slot.field) : slot));
  group.own = own;
  group.order = order;
  group.on ||= own.length > 0 || set.size > 0;
}
