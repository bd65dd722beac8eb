// The literal values that nobody should see, store or copy: where they are, and settings and samples without them.
import { at, child, isExpression, isObject, isRaw, type Json, type JsonObject, MASK, SECRET_NAME, segments } from "./json";
import { dump, fromRaw, isBroken, load, put, type Slot, walk } from "./slots";

/** Whether *slot*, which stands under *name*, is for a secret: its field says so, or the name does. */
export const isSecret = (slot: Slot, name?: string): boolean =>
  !!slot.field.secret || slot.field.format === "password" || (!!name && SECRET_NAME.test(name));

/** The pointers of literal values nobody should see, store or copy. */
export function secretPointers(root: Slot): string[] {
  const pointers: string[] = [];
  for (const { slot, pointer, name } of walk(root)) {
    if (slot.raw !== null && !slot.field.raw) pointers.push(...secretsInJson(slot, pointer));
    else if (!slot.fx && !slot.kids.length && !slot.own.length && isSecret(slot, name) && dump(slot) !== undefined)
      pointers.push(pointer);
  }
  return pointers;
}

/** Where one of *signs* stands in *value*. */
function pointersOf(value: Json, signs: Map<string, Json>, pointer: string): string[] {
  if (typeof value === "string") return signs.has(value) ? [pointer] : [];
  if (typeof value !== "object" || value === null || isRaw(value) || !signs.size) return [];
  return Object.entries(value).flatMap(([name, item]) => pointersOf(item, signs, child(pointer, name)));
}

/** Whether *text*, which is no JSON yet, has a member with the name of a secret. */
export const namesSecret = (text: string): boolean => [...text.matchAll(/"([^"]*)"\s*:/g)].some(([, name]) => SECRET_NAME.test(name!));

/** The pointers of the secrets in what is edited as JSON; while that cannot be read, all of it may be one. */
function secretsInJson(slot: Slot, pointer: string): string[] {
  const value = dump(slot);
  if (value === undefined) return [];
  const read = load(slot.field, value);
  const signed = pointersOf(fromRaw(slot.raw!)!, slot.signs, pointer);
  if (read.raw === null) return [...new Set([...signed, ...secretPointers(read).map((below) => pointer + below)])];
  return isBroken(slot.raw!) && (slot.signs.size || namesSecret(slot.raw!)) ? [pointer] : [];
}

/** The value of *slot* as JSON text, "" for none, in which signs stand for its secrets. */
export function asShownJson(slot: Slot, indent: number): { text: string; signs: Map<string, Json> } {
  const signs = new Map<string, Json>();
  const value = dump(slot);
  const shown = value === undefined ? value : signed(value, new Set(secretPointers(slot)), signs, "");
  return { text: shown === undefined ? "" : JSON.stringify(shown, null, indent), signs };
}

function signed(value: Json, secrets: Set<string>, signs: Map<string, Json>, pointer: string): Json {
  if (!secrets.size) return value;
  const isLeaf = value === null || typeof value !== "object" || isRaw(value);
  if (secrets.has(pointer) && isLeaf && value !== null && value !== "") {
    const sign = `${MASK}${signs.size ? ` ${signs.size + 1}` : ""}`;
    signs.set(sign, value);
    return sign;
  }
  if (Array.isArray(value)) return value.map((item, index) => signed(item, secrets, signs, child(pointer, index)));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, signed(item, secrets, signs, child(pointer, name))]));
}

/** A sample as typed, as the JSON value its field would hold. */
function sampleValue(slot: Slot): Json | undefined {
  return slot.field.kind === "string" ? slot.sample : fromRaw(slot.sample);
}

/** Pointer -> sample, of every field that is in fx mode and has one; `open` are the texts of those that are no secrets. */
export function samples(root: Slot): { values: Record<string, Json>; texts: Record<string, string>; open: Record<string, string> } {
  const values: Record<string, Json> = {};
  const texts: Record<string, string> = {};
  const open: Record<string, string> = {};
  for (const { slot, pointer, name } of walk(root)) {
    if (!slot.fx || !slot.sample.trim()) continue;
    values[pointer] = sampleValue(slot)!;
    texts[pointer] = slot.sample;
    if (!isSecret(slot, name)) open[pointer] = slot.sample;
  }
  return { values, texts, open };
}

export const URL_POINTER = "/httpRequest/url";
const IN_URL = /(?<=:\/\/)[^/?#@]*(?=@)|(?<=[?&])([^=&#]+)=([^&#]*)/g;

/** The secrets in the text of *url*: user and password, and what has a secret's name in the query; what else the server means, if *isSecret*, is all behind the origin. */
function splitUrl(url: string, isSecret: boolean): { clean: string; secrets: string[] } {
  const secrets: string[] = [];
  const clean = url.replace(IN_URL, (all, name?: string, value?: string) => {
    const secret = name === undefined ? all : SECRET_NAME.test(decoded(name)) ? value! : "";
    if (!secret || isExpression(secret)) return all;
    secrets.push(secret);
    return name === undefined ? "" : `${name}=`;
  });
  const [origin = ""] = /^[^:/?#]*:\/\/[^/?#]*/.exec(url) ?? [];
  return isSecret && !secrets.length ? { clean: origin, secrets: [url.slice(origin.length)] } : { clean, secrets };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replace(/\+/g, " "));
  } catch {
    return text;
  }
}

/** The secrets at *pointers* of *task*, to be masked wherever they are seen. */
export const secretsAt = (task: Json, pointers: string[]): Json[] =>
  pointers.flatMap((pointer) => {
    const value = at(task, pointer) ?? "";
    return pointer === URL_POINTER && typeof value === "string" ? splitUrl(value, true).secrets : [value];
  });

/** Where a literal with the name of a secret is one. */
const MAY_HOLD_SECRETS = /^\/(httpRequest|inputParameters)\//;

/** *task* without what stands at *pointers*, and without whatever else has a secret's name; with how many were left out. */
export function withoutSecrets<T extends Json>(task: T, pointers: string[], mask?: string): { value: T; removed: string[] } {
  const gone = new Set(pointers);
  const removed: string[] = [];
  const copy = (value: Json, pointer: string, name: string): Json | undefined => {
    const leaf = value === null || typeof value !== "object" || isRaw(value);
    if (pointer === URL_POINTER && typeof value === "string") {
      const { clean, secrets } = splitUrl(value, gone.has(pointer));
      if (secrets.length) removed.push(pointer);
      return secrets.length && mask !== undefined ? secrets.reduce((masked, secret) => masked.replace(secret, mask), value) : clean;
    }
    const secret = gone.has(pointer) || (leaf && MAY_HOLD_SECRETS.test(pointer) && SECRET_NAME.test(name));
    if (secret && !isExpression(value) && value !== "") {
      removed.push(pointer);
      return mask;
    }
    if (Array.isArray(value)) return value.map((item, index) => copy(item, child(pointer, index), name) ?? null);
    if (!isObject(value)) return value;
    const result: JsonObject = {};
    for (const [key, item] of Object.entries(value)) put(result, key, copy(item, child(pointer, key), key));
    return result;
  };
  return { value: copy(task, "", "") as T, removed };
}

/** Put back, from *source*, what stands at *pointers*. */
export function restored(task: JsonObject, source: Json | undefined, pointers: string[]): JsonObject {
  for (const pointer of pointers) {
    const parts = segments(pointer);
    const last = parts.pop()!;
    const holder = at(task, parts.reduce(child, ""));
    const value = at(source, pointer);
    // An address that was changed meanwhile keeps its change, and lacks its secret.
    const isChanged = pointer === URL_POINTER && typeof value === "string" && splitUrl(value, true).clean !== (holder as JsonObject | undefined)?.[last];
    if (isObject(holder) && value !== undefined && !isChanged) holder[last] = value;
  }
  return task;
}
