// References to files in settings: an upload becomes a path when the task is saved.
import { isObject, type Json } from "./json";

/** The reference to a file that *value* is, if it is one. */
const fileOf = (value: Json | undefined): Json | undefined => (isObject(value) && Object.keys(value).length === 1 ? value.$file : undefined);
const uploadOf = (value: Json | undefined): string | undefined => {
  const file = fileOf(value);
  return isObject(file) && typeof file.upload === "string" ? file.upload : undefined;
};

/** Upload -> the reference to it in *saved*, which was made of *sent*. */
export function savedFiles(sent: Json | undefined, saved: Json | undefined, found = new Map<string, Json>()): Map<string, Json> {
  const upload = uploadOf(sent);
  if (upload !== undefined && saved !== undefined && uploadOf(saved) === undefined) found.set(upload, saved);
  else if (Array.isArray(sent) && Array.isArray(saved)) sent.forEach((item, index) => savedFiles(item, saved[index], found));
  else if (isObject(sent) && isObject(saved)) for (const [name, item] of Object.entries(sent)) savedFiles(item, saved[name], found);
  return found;
}

/** *value* with its uploads named as *files* says. */
export function withFiles<T extends Json>(value: T, files: Map<string, Json>): T {
  const upload = uploadOf(value);
  if (upload !== undefined) return (files.get(upload) ?? value) as T;
  if (Array.isArray(value)) return value.map((item) => withFiles(item, files)) as T;
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, withFiles(item, files)])) as T;
}
