// The fields of a credential, as its scheme's schema has them: what is secret is never shown, and what is a file can be picked.
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import type { CredentialDraft, CredentialField, Scheme } from "./api";
import { base64 } from "./file-picker";
import { isObject, type Json, type JsonObject } from "./json";
import { typed } from "./ui";

/** Shown without being asked for, where a scheme has them. */
const USUAL = ["grant", "tokenUrl", "clientId", "clientSecret", "scopes", "in", "name"];
/** So many fields are all shown. */
const FEW = 6;
/** Grants for which a person consents, and where. */
export const ASKS: Record<string, string> = { authorizationCode: "authorizationUrl", deviceCode: "deviceAuthorizationUrl" };
/** Bytes of a file with a certificate or a key: a chain has a few thousand. */
const MOST_BYTES = 262_144;

/** One control: a field, or a part of one that holds a secret beside what is none. */
interface Leaf { path: string[]; field: CredentialField; required: boolean }

function leavesOf(schema: CredentialField, path: string[] = []): Leaf[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const below = [...path, name];
    const parts = Object.values(field.properties ?? {}).some(({ writeOnly }) => writeOnly) ? leavesOf(field, below) : [];
    return parts.length ? parts : [{ path: below, field, required: schema.required?.includes(name) ?? false }];
  });
}

const valueAt = (fields: JsonObject, path: string[]): Json | undefined =>
  path.reduce<Json | undefined>((value, name) => (isObject(value ?? null) ? (value as JsonObject)[name] : undefined), fields);

function withValue(fields: JsonObject, [name, ...rest]: string[], value: Json | undefined): JsonObject {
  const before = fields[name!];
  const now = rest.length ? withValue(isObject(before ?? null) ? (before as JsonObject) : {}, rest, value) : value;
  return { ...fields, [name!]: now as Json };
}

export const Row = ({ label, id, children }: { label: string; id: string; children: ComponentChildren }) => (
  <div class="field"><label class="name" for={id}>{label}</label>{children}</div>
);

/** A control for each field of the scheme's schema; those that are rare come when they are asked for. */
export function SchemeFields({ scheme, draft, onChange }: { scheme: Scheme; draft: CredentialDraft; onChange: (fields: JsonObject) => void }) {
  const [more, setMore] = useState(false);
  const isNeeded = ({ path }: Leaf) => scheme.schema.required?.includes(path[0]!) ?? false;
  const leaves = leavesOf(scheme.schema).sort((one, other) => Number(isNeeded(other)) - Number(isNeeded(one)));
  const isShown = (leaf: Leaf) => more || leaves.length <= FEW || isNeeded(leaf) || isUsual(leaf);
  const isUsual = ({ path }: Leaf) => USUAL.includes(path.join(".")) || ASKS[String(draft.fields.grant)] === path[0] || path[0]! in draft.fields || draft.secrets.some((each) => each.split("/")[1] === path[0]);
  return (
    <>
      {leaves.filter(isShown).map((leaf) => {
        const name = leaf.path.join(".");
        return (
          <Control
            key={name} leaf={leaf} value={valueAt(draft.fields, leaf.path)} isSet={draft.secrets.includes(`/${leaf.path.join("/")}`)}
            onChange={(now) => onChange(withValue(draft.fields, leaf.path, now))}
          />
        );
      })}
      {!more && !leaves.every(isShown) && <div><button type="button" class="link" onClick={() => setMore(true)}>More fields</button></div>}
    </>
  );
}

function Control({ leaf: { path, field, required }, value, isSet, onChange }: { leaf: Leaf; value: Json | undefined; isSet: boolean; onChange: (now: Json | undefined) => void }) {
  const { type, writeOnly, description, enum: values, contentMediaType } = field;
  const name = path.join(".");
  const id = `c-field-${path.join("-")}`;
  const text = Array.isArray(value) ? value.join(" ") : value && typeof value === "object" ? JSON.stringify(value) : String(value ?? "");
  return (
    <Row label={name} id={id}>
      {values ? (
        <select id={id} value={text} aria-required={required || undefined} onChange={typed((now) => onChange(now || undefined))}>
          <option value="" />{values.map((each) => <option key={String(each)} value={String(each)}>{String(each)}</option>)}
        </select>
      ) : (
        <input
          id={id} class="code" type={writeOnly ? "password" : "text"} autocomplete="off" aria-required={required || undefined} value={text}
          placeholder={isSet ? "set; leave empty to keep it" : ""}
          {...(type === "string" || !type ? { onInput: typed((now) => onChange(now || undefined)) } : { onChange: typed((now) => onChange(valueOf(type, now))) })}
        />
      )}
      {contentMediaType && <FromFile name={name} encoding={field.contentEncoding} onChange={onChange} />}
      {description && <span class="hint">{description}</span>}
    </Row>
  );
}

/** A file whose text, or whose bytes as base64, become the field's value. It is read here, and nothing is uploaded. */
function FromFile({ name, encoding, onChange }: { name: string; encoding: string | undefined; onChange: (now: string) => void }) {
  const [told, setTold] = useState("");
  const read = async (file: File | undefined) => {
    if (!file) return;
    if (file.size > MOST_BYTES) return setTold(`${file.name} is too large for a certificate or a key.`);
    const text = encoding === "base64" ? await base64(file) : await file.text();
    if (encoding !== "base64" && !text.includes("-----BEGIN ")) return setTold(`${file.name} is no PEM: it has no BEGIN line.`);
    onChange(text);
    setTold(`From ${file.name}`);
  };
  return (
    <div class="file">
      <label class="button">Choose a file<input type="file" class="hidden" aria-label={`File for ${name}`} onChange={(event) => void read(event.currentTarget.files?.[0])} /></label>
      {told && <span class="muted" role="status">{told}</span>}
    </div>
  );
}

export const listed = (text: string): string[] => text.split(/[\s,]+/).filter(Boolean);

function valueOf(type: string, text: string): Json | undefined {
  if (!text.trim()) return undefined;
  if (type === "array" && !text.trim().startsWith("[")) return listed(text);
  try { return JSON.parse(text) as Json; } catch { return text; }
}
