// Masks secrets in texts of the server: responses, and requests as they were sent.
import { type Json, MASK } from "./json";

/** Shorter secrets are not masked: they occur by chance, so masks would make a text unreadable and still reveal the secret. */
const SHORTEST_SECRET = 4;

/** Masks the secrets in a text. In a text that *isCut*, also the beginning of a secret at the end of the text. */
export type Mask = (text: string, isCut?: boolean) => string;

/** Return a function that masks *secrets* in a text: as they are, escaped as in JSON, and encoded as in a URL. */
export function maskerOf(secrets: Json[]): Mask {
  const forms = secrets.flatMap((value) => {
    const secret = typeof value === "string" ? value : JSON.stringify(value);
    if (secret.length < SHORTEST_SECRET) return [];
    const inJson = JSON.stringify(secret).slice(1, -1);
    const inJsonText = JSON.stringify(inJson).slice(1, -1); // JSON inside a string of JSON
    const inUrl = encodeURIComponent(secret);
    return [secret, inJson, inJsonText, inUrl, inUrl.replace(/%20/g, "+")];
  });
  // The longest first: a form may contain a shorter one, whose mask would leave the rest of the form readable.
  const longest = [...new Set(forms)].sort((a, b) => b.length - a.length);
  return (text, isCut = false) => {
    const masked = longest.reduce((shown, form) => shown.replaceAll(form, MASK), text);
    const begun = isCut ? Math.max(0, ...longest.map((form) => lengthBegun(masked, form))) : 0;
    return begun ? masked.slice(0, -begun) + MASK : masked;
  };
}

/** The length of the longest beginning of *form*, but not the whole of it, that *text* ends with. */
function lengthBegun(text: string, form: string): number {
  let length = form.length - 1;
  while (length && !text.endsWith(form.slice(0, length))) length--;
  return length;
}

/** A text that the server cut, with its note about that. */
const CUT_MESSAGE = /^([^]*)(\n… \([\d,]+ bytes in all\))$/;

/**
 * Mask in *exchange* the beginnings of secrets at which the server cut a long text. The server does not know the
 * secrets of the page, so it may cut inside one. Changes *exchange*, and returns it.
 */
export function maskCuts<T extends CutExchange>(exchange: T, mask: Mask): T {
  const hops = (exchange.attempts ?? []).flatMap(({ hops, subExchanges = [] }) => [...hops, ...subExchanges]);
  for (const cut of [exchange, exchange.request, ...hops.map(({ request }) => request)]) {
    if (!cut?.truncated) continue;
    if (cut.text) cut.text = mask(cut.text, true);
    if (cut.body && cut !== exchange) cut.body = mask(cut.body, true);
  }
  exchange.raw &&= exchange.raw.replace(CUT_MESSAGE, (_, text: string, note: string) => mask(text, true) + note);
  return exchange;
}

/** A text that may have been cut. */
interface Cut { truncated?: boolean; text?: string; body?: string }
interface CutExchange extends Cut {
  request?: Cut;
  raw?: string;
  attempts?: { hops: { request: Cut }[]; subExchanges?: { request: Cut }[] }[];
}
