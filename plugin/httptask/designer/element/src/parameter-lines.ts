// Writes a group of parameters as text and reads it back without loss: a line `name: value` for each parameter, with `#`
// before those that are switched off.
import { plain } from "./field-words";
import { isExpression, type Json, MASK, parse, same, unescapeText } from "./json";
import { isSecret, secretPointers } from "./secrets";
import { choices, dump, isSendable, isShown, itemsOf, load, type Slot } from "./slots";
import type { Field } from "./types";

/** Parse *text* as a value of *field*, in the form that settings use; undefined for "". */
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

/** Parse *text* as a scalar of *field*; return *otherwise* if *field* cannot hold it. */
export function scalarOf(field: Field, text: string, otherwise: string = text): Json {
  if (field.kind === "enum") return choices(field).find((choice) => plain(choice) === text) ?? otherwise;
  if (field.kind === "boolean") return text === "true" || (text === "false" ? false : otherwise);
  const isTyped = ["string", "number", "any"].includes(field.kind);
  return (isTyped ? dump({ ...load(field), fx: false, text }) : undefined) ?? otherwise;
}

/** Write *value* of *field* plainly if `valueOf` reads it back the same, otherwise as JSON. */
function textOf(field: Field, value: Json | undefined): string {
  if (value === undefined) return "";
  const short = plain(value);
  const fits = short === short.trim() && !/[\r\n]/.test(short) && same(valueOf(field, short), value);
  return fits ? short : JSON.stringify(value);
}

/** A line in three parts: the `#`, the name (in quotes or plain), and the value. */
const LINE = /^(#\s*)?("(?:[^"\\]|\\.)*"|[^:]*?)\s*(?::\s*(.*))?$/;
const nameText = (name: string): string => (/^[#"]|[:\r\n]|^\s|\s$/.test(name) ? JSON.stringify(name) : name);

/**
 * Write the parameters that *group* has on the form as *text*, secrets masked. *slots* finds a slot by its line without the
 * `#`, and a masked one by its mask as well, so that `takeLines` can keep the slots of unchanged lines.
 */
export function linesOf(group: Slot): { text: string; slots: Map<string, Slot> } {
  const slots = new Map<string, Slot>();
  let secrets = 0;
  const documented = group.kids.filter(isShown).map((slot) => ({ name: slot.field.name!, slot }));
  const entries = [...documented, ...group.own];
  const position = (name: string): number => (group.order.indexOf(name) + 1 || Infinity);
  // Two entries without a position differ by NaN: they stay in their order.
  entries.sort((one, other) => position(one.name) - position(other.name) || 0);
  const lines = entries.map(({ name, slot }) => {
    const value = dump(slot);
    const holdsSecret = typeof value === "string" ? value !== "" && isSecret(slot, name) : secretPointers(slot).length > 0;
    const isMasked = !slot.fx && holdsSecret;
    // The masks are numbered, so that each stands for one slot.
    const text = isMasked ? `${MASK}${secrets++ ? ` ${secrets}` : ""}` : textOf(slot.field, value);
    const line = `${slot.off ? "# " : ""}${nameText(name)}: ${text}`.trimEnd();
    if (isMasked) slots.set(text, slot);
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

/** Read *text* into *group*. An unchanged line keeps its slot; *slots* are those that `linesOf` returned with the text. */
export function takeLines(group: Slot, text: string, slots: Map<string, Slot>): void {
  const kids = new Map(group.kids.map((slot) => [slot.field.name!, slot]));
  /** The documented parameters of the text so far, by name. */
  const set = new Map<string, Slot>();
  const own: Slot["own"] = [];
  const order: string[] = [];
  for (const line of text.split("\n")) {
    if (!line.trim()) continue;
    const [, off, quoted = "", written = ""] = LINE.exec(line.trim())!;
    const name = nameOf(quoted);
    if (isSendable(group, name)) order.push(name);
    const isDocumented = kids.has(name) && !set.has(name);
    const field = isDocumented ? kids.get(name)!.field : itemsOf(group.field);
    const former = slots.get(line.trim().replace(/^#\s*/, ""));
    // A mask stands for the secret of its slot.
    const value = slots.has(written) ? dump(slots.get(written)!) : valueOf(field, written.trim());
    const isTaken = set.has(name) || own.some(({ slot }) => slot === former);
    const slot = former && former.field === field && !isTaken ? former : load(field, value);
    Object.assign(slot, { on: true, off: !!off && !field.required });
    if (isDocumented) set.set(name, slot);
    else own.push({ name, slot });
  }
  group.kids = group.kids.map((slot) => set.get(slot.field.name!) ?? (slot.field.required || slot.on ? load(slot.field) : slot));
  group.own = own;
  group.order = order;
  group.on ||= own.length > 0 || set.size > 0;
}
