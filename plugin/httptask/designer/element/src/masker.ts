// Masks secrets in what the server answers.
import { type Json, MASK } from "./json";

/** A shorter one would be seen everywhere: masking it would hide the text and give the secret away. */
const SHORTEST_SECRET = 4;

/** Return the function that masks *secrets* in a text: as they are, as in JSON, and as in an address. */
export function maskerOf(secrets: Json[]): (text: string) => string {
  const forms = secrets.flatMap((value) => {
    const secret = typeof value === "string" ? value : JSON.stringify(value);
    if (secret.length < SHORTEST_SECRET) return [];
    const inJson = JSON.stringify(secret).slice(1, -1);
    return [secret, inJson, JSON.stringify(inJson).slice(1, -1), encodeURIComponent(secret), encodeURIComponent(secret).replace(/%20/g, "+")];
  });
  const longest = [...new Set(forms)].sort((a, b) => b.length - a.length);
  return (text) => longest.reduce((masked, form) => masked.replaceAll(form, MASK), text);
}
