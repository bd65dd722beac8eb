// The fields of a credential, drawn from the JSON Schema of its type. Stored secrets are never shown; a key or certificate can be read from a file.
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import type { CredentialDraft, CredentialField, Scheme } from "./api";
import { base64 } from "./file-picker";
import { isObject, type Json, type JsonObject } from "./json";
import { typed } from "./ui";

/** Common fields: shown at once, where a type has them. Other optional fields are behind "More fields". */
const USUAL = ["grant", "tokenUrl", "clientId", "clientSecret", "scopes", "in", "name"];
/** A type with at most this many fields shows all of them at once. */
const FEW = 6;
/** The OAuth 2 grants for which a person consents, and the field with the address for that. */
export const CONSENT_URLS: Record<string, string> = { authorizationCode: "authorizationUrl", deviceCode: "deviceAuthorizationUrl" };
/** The largest file with a certificate or a key, in bytes; a chain of certificates has a few thousand. */
const MOST_BYTES = 262_144;

/** A field with one control. */
interface Leaf { path: string[]; field: CredentialField; required: boolean }

/** The fields of *schema*. An object with a secret in it counts as its members; another object is edited as JSON. */
function leavesOf(schema: CredentialField, path: string[] = []): Leaf[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const fieldPath = [...path, name];
    const hasSecret = Object.values(field.properties ?? {}).some(({ writeOnly }) => writeOnly);
    const members = hasSecret ? leavesOf(field, fieldPath) : [];
    return members.length ? members : [{ path: fieldPath, field, required: schema.required?.includes(name) ?? false }];
  });
}

const valueAt = (fields: JsonObject, path: string[]): Json | undefined =>
  path.reduce<Json | undefined>((value, name) => (isObject(value ?? null) ? (value as JsonObject)[name] : undefined), fields);

/** *fields* with *value* at the path; undefined removes the value from the JSON that is sent. */
function withValue(fields: JsonObject, [name, ...rest]: string[], value: Json | undefined): JsonObject {
  const before = fields[name!];
  const members = isObject(before ?? null) ? (before as JsonObject) : {};
  const changed = rest.length ? withValue(members, rest, value) : value;
  return { ...fields, [name!]: changed as Json };
}

/** A label with the control that has the *id*. */
export const Row = ({ label, id, children }: { label: string; id: string; children: ComponentChildren }) => (
  <div class="field"><label class="name" for={id}>{label}</label>{children}</div>
);

/** A control for each field of *scheme*, required fields first; rare fields appear after a click on "More fields". */
export function SchemeFields({ scheme, draft, onChange }: {
  scheme: Scheme; draft: CredentialDraft; onChange: (fields: JsonObject) => void;
}) {
  const [more, setMore] = useState(false);
  const isNeeded = ({ path }: Leaf) => scheme.schema.required?.includes(path[0]!) ?? false;
  const leaves = leavesOf(scheme.schema).sort((one, other) => Number(isNeeded(other)) - Number(isNeeded(one)));
  const isShown = (leaf: Leaf) => more || leaves.length <= FEW || isNeeded(leaf) || isUsual(leaf);
  const isUsual = ({ path }: Leaf) => USUAL.includes(path.join("."))
    || CONSENT_URLS[String(draft.fields.grant)] === path[0]
    || path[0]! in draft.fields
    || draft.secrets.some((pointer) => pointer.split("/")[1] === path[0]);
  return (
    <>
      {leaves.filter(isShown).map((leaf) => {
        const name = leaf.path.join(".");
        return (
          <Control
            key={name} leaf={leaf} value={valueAt(draft.fields, leaf.path)}
            isSet={draft.secrets.includes(`/${leaf.path.join("/")}`)}
            onChange={(changed) => onChange(withValue(draft.fields, leaf.path, changed))}
          />
        );
      })}
      {!more && !leaves.every(isShown) && <div><button type="button" class="link" onClick={() => setMore(true)}>More fields</button></div>}
    </>
  );
}

/** The control of one field. *isSet*: the field is a secret whose value the server has. */
function Control({ leaf: { path, field, required }, value, isSet, onChange }: {
  leaf: Leaf; value: Json | undefined; isSet: boolean; onChange: (changed: Json | undefined) => void;
}) {
  const { type, writeOnly, description, enum: values, contentMediaType } = field;
  const name = path.join(".");
  const id = `c-field-${path.join("-")}`;
  const text = textOf(value);
  return (
    <Row label={name} id={id}>
      {values ? (
        <select id={id} value={text} aria-required={required || undefined} onChange={typed((chosen) => onChange(chosen || undefined))}>
          <option value="" />
          {values.map((choice) => <option key={String(choice)} value={String(choice)}>{String(choice)}</option>)}
        </select>
      ) : (
        <input
          id={id} class="code" type={writeOnly ? "password" : "text"} autocomplete="off" aria-required={required || undefined} value={text}
          placeholder={isSet ? "set; leave empty to keep it" : ""}
          // A list or an object is only read when it has been typed in full.
          {...(type === "string" || !type
            ? { onInput: typed((text) => onChange(text || undefined)) }
            : { onChange: typed((text) => onChange(valueOf(type, text))) })}
        />
      )}
      {contentMediaType && <FromFile name={name} encoding={field.contentEncoding} onChange={onChange} />}
      {description && <span class="hint">{description}</span>}
    </Row>
  );
}

/** Fills a field from a file: with its text (PEM), or with its bytes as base64. The file is read in the page and not uploaded. */
function FromFile({ name, encoding, onChange }: { name: string; encoding: string | undefined; onChange: (content: string) => void }) {
  const [message, setMessage] = useState("");
  const read = async (file: File | undefined) => {
    if (!file) return;
    if (file.size > MOST_BYTES) return setMessage(`${file.name} is too large for a certificate or a key.`);
    const text = encoding === "base64" ? await base64(file) : await file.text();
    if (encoding !== "base64" && !text.includes("-----BEGIN ")) return setMessage(`${file.name} is no PEM: it has no BEGIN line.`);
    onChange(text);
    setMessage(`From ${file.name}`);
  };
  return (
    <div class="file">
      <label class="button">
        Choose a file
        <input
          type="file" class="hidden" aria-label={`File for ${name}`}
          onChange={(event) => void read(event.currentTarget.files?.[0])}
        />
      </label>
      {message && <span class="muted" role="status">{message}</span>}
    </div>
  );
}

/** *value* as the text of its control: a list as its items, an object as JSON. */
function textOf(value: Json | undefined): string {
  if (Array.isArray(value)) return value.join(" ");
  return value && typeof value === "object" ? JSON.stringify(value) : String(value ?? "");
}

/** The items of a list that is typed as text, parted by commas or white space. */
export const listed = (text: string): string[] => text.split(/[\s,]+/).filter(Boolean);

/** *text* as a value of the JSON Schema *type*; the text itself where it does not parse, for the server to refuse. */
function valueOf(type: string, text: string): Json | undefined {
  if (!text.trim()) return undefined;
  if (type === "array" && !text.trim().startsWith("[")) return listed(text);
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}
