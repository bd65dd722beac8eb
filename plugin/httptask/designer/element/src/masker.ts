// Masks secrets in what the server answers.
import { type Json, MASK } from "./json";

/** A shorter one would be seen everywhere: masking it would hide the text and give the secret away. */
const SHORTEST_SECRET = 4;

/** Masks secrets in a text; of one that *isCut*, the start of a secret at its end, too. */
export type Mask = (text: string, isCut?: boolean) => string;

/** Return the function that masks *secrets* in a text: as they are, as in JSON, and as in an address. */
export function maskerOf(secrets: Json[]): Mask {
  const forms = secrets.flatMap((value) => {
    const secret = typeof value === "string" ? value : JSON.stringify(value);
    if (secret.length < SHORTEST_SECRET) return [];
    const inJson = JSON.stringify(secret).slice(1, -1);
    return [secret, inJson, JSON.stringify(inJson).slice(1, -1), encodeURIComponent(secret), encodeURIComponent(secret).replace(/%20/g, "+")];
  });
  const longest = [...new Set(forms)].sort((a, b) => b.length - a.length);
  return (text, isCut = false) => {
    const masked = longest.reduce((shown, form) => shown.replaceAll(form, MASK), text);
    const begun = isCut ? Math.max(0, ...longest.map((form) => lengthBegun(masked, form))) : 0;
    return begun ? masked.slice(0, -begun) + MASK : masked;
  };
}

/** How much of *form*, but not all of it, stands at the end of *text*. */
function lengthBegun(text: string, form: string): number {
  let length = form.length - 1;
  while (length && !text.endsWith(form.slice(0, length))) length--;
  return length;
}

const CUT_MESSAGE = /^([^]*)(\n… \([\d,]+ bytes in all\))$/;

/** Mask in *exchange* what is left of a secret where the server, which does not know what is one here, cut a long text. */
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

interface Cut { truncated?: boolean; text?: string; body?: string }
interface CutExchange extends Cut {
  request?: Cut;
  raw?: string;
  attempts?: { hops: { request: Cut }[]; subExchanges?: { request: Cut }[] }[];
}
