// Secrets typed as literal values: finds them in forms, JSON and URLs, and makes copies of settings without them. They are
// masked on the screen, never stored and never copied. In JSON that is edited, a sign such as ••• stands for a secret.
import { at, child, isExpression, isObject, isRaw, type Json, type JsonObject, MASK, SECRET_NAME, segments } from "./json";
import { dump, fromRaw, isBroken, load, put, type Slot, walk } from "./slots";

/** Say whether the value of *slot* is a secret by its field, or by its *name*. */
export const isSecret = (slot: Slot, name?: string): boolean =>
  !!slot.field.secret || slot.field.format === "password" || (!!name && SECRET_NAME.test(name));

/** The pointers of the literal secrets below *root*; none for expressions. */
export function secretPointers(root: Slot): string[] {
  const pointers: string[] = [];
  for (const { slot, pointer, name } of walk(root)) {
    if (slot.raw !== null && !slot.field.raw) pointers.push(...secretsInJson(slot, pointer));
    else if (!slot.fx && !slot.kids.length && !slot.own.length && isSecret(slot, name) && dump(slot) !== undefined)
      pointers.push(pointer);
  }
  return pointers;
}

/** The pointers at which one of *signs* is in *value*. */
function pointersOf(value: Json, signs: Map<string, Json>, pointer: string): string[] {
  if (typeof value === "string") return signs.has(value) ? [pointer] : [];
  if (typeof value !== "object" || value === null || isRaw(value) || !signs.size) return [];
  return Object.entries(value).flatMap(([name, item]) => pointersOf(item, signs, child(pointer, name)));
}

/** Say whether *text*, which is not JSON (yet), has a member with the name of a secret. */
export const namesSecret = (text: string): boolean =>
  [...text.matchAll(/"([^"]*)"\s*:/g)].some(([, name]) => SECRET_NAME.test(name!));

/** The pointers of the secrets in a slot that is edited as JSON; *pointer* itself while the text is broken and may hold one. */
function secretsInJson(slot: Slot, pointer: string): string[] {
  const value = dump(slot);
  if (value === undefined) return [];
  const parsed = load(slot.field, value);
  const signed = pointersOf(fromRaw(slot.raw!)!, slot.signs, pointer);
  if (parsed.raw === null) return [...new Set([...signed, ...secretPointers(parsed).map((below) => pointer + below)])];
  return isBroken(slot.raw!) && (slot.signs.size || namesSecret(slot.raw!)) ? [pointer] : [];
}

/** Write the value of *slot* as JSON text ("" for none) with signs in the place of its secrets; return both. */
export function asShownJson(slot: Slot, indent: number): { text: string; signs: Map<string, Json> } {
  const signs = new Map<string, Json>();
  const value = dump(slot);
  const shown = value === undefined ? value : signed(value, new Set(secretPointers(slot)), signs, "");
  return { text: shown === undefined ? "" : JSON.stringify(shown, null, indent), signs };
}

/** Return *value* with a sign in the place of each secret at the pointers *secrets*; add the signs to *signs*. */
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
  const members = Object.entries(value).map(([name, item]) => [name, signed(item, secrets, signs, child(pointer, name))]);
  return Object.fromEntries(members);
}

/** Parse the sample of *slot*; for a field of text it is the text itself. */
function sampleValue(slot: Slot): Json | undefined {
  return slot.field.kind === "string" ? slot.sample : fromRaw(slot.sample);
}

/** The samples of the expressions below *root*, by pointer: parsed, as typed, and (`open`) as typed without the secrets. */
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
/** The user info of a URL, or one parameter of its query: name and value. */
const USER_OR_PARAMETER = /(?<=:\/\/)[^/?#@]*(?=@)|(?<=[?&])([^=&#]+)=([^&#]*)/g;

/**
 * Split *url* into a clean URL and its secrets: user and password, and the values of query parameters with a secret's name.
 * If the server says that the URL holds a secret (*isSecret*) and none is found so, the secret is all behind the origin.
 */
function splitUrl(url: string, isSecret: boolean): { clean: string; secrets: string[] } {
  const secrets: string[] = [];
  const clean = url.replace(USER_OR_PARAMETER, (match, name?: string, value?: string) => {
    const isUser = name === undefined;
    const secret = isUser ? match : SECRET_NAME.test(decoded(name)) ? value! : "";
    if (!secret || isExpression(secret)) return match;
    secrets.push(secret);
    return isUser ? "" : `${name}=`;
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

/** The secrets at *pointers* of *task*, to be masked wherever they would be shown. */
export const secretsAt = (task: Json, pointers: string[]): Json[] =>
  pointers.flatMap((pointer) => {
    const value = at(task, pointer) ?? "";
    return pointer === URL_POINTER && typeof value === "string" ? splitUrl(value, true).secrets : [value];
  });

/** Only below these pointers is a literal a secret because of its name. */
const MAY_HOLD_SECRETS = /^\/(httpRequest|inputParameters)\//;

/**
 * Copy *task* without the secrets at *pointers* and without literals that have a secret's name; expressions stay. With
 * *mask*, the mask takes the place of each secret. *removed* are the pointers of the secrets.
 */
export function withoutSecrets<T extends Json>(task: T, pointers: string[], mask?: string): { value: T; removed: string[] } {
  const secretPlaces = new Set(pointers);
  const removed: string[] = [];
  const copy = (value: Json, pointer: string, name: string): Json | undefined => {
    const isLeaf = value === null || typeof value !== "object" || isRaw(value);
    if (pointer === URL_POINTER && typeof value === "string") {
      const { clean, secrets } = splitUrl(value, secretPlaces.has(pointer));
      if (!secrets.length) return clean;
      removed.push(pointer);
      return mask === undefined ? clean : secrets.reduce((masked, secret) => masked.replace(secret, mask), value);
    }
    const isSecretByName = isLeaf && MAY_HOLD_SECRETS.test(pointer) && SECRET_NAME.test(name);
    if ((secretPlaces.has(pointer) || isSecretByName) && !isExpression(value) && value !== "") {
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

/** Put the secrets at *pointers* of *source* back into *task*, which is changed and returned. */
export function restored(task: JsonObject, source: Json | undefined, pointers: string[]): JsonObject {
  for (const pointer of pointers) {
    const parts = segments(pointer);
    const last = parts.pop()!;
    const parent = parts.reduce(child, "");
    const holder = at(task, parent);
    const value = at(source, pointer);
    // A URL that differs in more than its secret was changed meanwhile: it stays, without its secret.
    const cleanUrl = pointer === URL_POINTER && typeof value === "string" ? splitUrl(value, true).clean : null;
    const isChanged = cleanUrl !== null && cleanUrl !== (holder as JsonObject | undefined)?.[last];
    if (!isObject(holder) || value === undefined || isChanged) continue;
    holder[last] = value;
    // What was behind the secret is behind it again: otherwise the task would count as changed.
    const names = Object.keys(at(source, parent) as JsonObject);
    for (const name of names.slice(names.indexOf(last) + 1)) {
      const { [name]: later } = holder;
      if (later !== undefined && delete holder[name]) holder[name] = later;
    }
  }
  return task;
}
