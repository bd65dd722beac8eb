// References to files in settings. A file that was uploaded is named by an upload id until saving turns the reference into a path.
import { isObject, type Json } from "./json";

/** The content of *value* if it is a reference to a file: `{"$file": …}`. */
const fileOf = (value: Json | undefined): Json | undefined => (isObject(value) && Object.keys(value).length === 1 ? value.$file : undefined);
/** The upload id in *value* if it is a reference to an upload. */
const uploadOf = (value: Json | undefined): string | undefined => {
  const file = fileOf(value);
  return isObject(file) && typeof file.upload === "string" ? file.upload : undefined;
};

/** For each upload id in *sent*, the reference that replaces it in *saved*, the same JSON after saving. */
export function savedFiles(
  sent: Json | undefined, saved: Json | undefined, references = new Map<string, Json>(),
): Map<string, Json> {
  const upload = uploadOf(sent);
  if (upload !== undefined && saved !== undefined && uploadOf(saved) === undefined) references.set(upload, saved);
  else if (Array.isArray(sent) && Array.isArray(saved)) sent.forEach((item, index) => savedFiles(item, saved[index], references));
  else if (isObject(sent) && isObject(saved))
    for (const [name, item] of Object.entries(sent)) savedFiles(item, saved[name], references);
  return references;
}

/** *value* with each upload replaced by its reference in *files*; uploads that are not in *files* stay. */
export function withFiles<T extends Json>(value: T, files: Map<string, Json>): T {
  const upload = uploadOf(value);
  if (upload !== undefined) return (files.get(upload) ?? value) as T;
  if (Array.isArray(value)) return value.map((item) => withFiles(item, files)) as T;
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, withFiles(item, files)])) as T;
}
