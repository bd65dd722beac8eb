// Paths to values as expressions write them (JSONPath, RFC 9535).

/** The name of a member, or the index of an item. */
export type Step = string | number;

/** Names that JSONPath allows after a dot, without brackets and quotes. */
const SHORTHAND = /^[\p{L}_][\p{L}\p{N}_]*$/u;

/** *name* in single quotes, as in JSONPath and in the conditions of a Decision. */
export const quoted = (name: string): string => `'${JSON.stringify(name).slice(1, -1).replace(/\\"/g, '"').replace(/'/g, "\\'")}'`;

/** *steps* as JSONPath (RFC 9535): `$.tasks['Find the RFI'].output.body.items[0]`. */
export const jsonPath = (steps: Step[]): string => {
  const selector = (step: Step) => {
    if (typeof step === "number") return `[${step}]`;
    return SHORTHAND.test(step) ? `.${step}` : `[${quoted(step)}]`;
  };
  return `$${steps.map(selector).join("")}`;
};

/** *name* in camel case, so that a path to it needs no quotes: `topic_id` becomes `topicId`. */
export const plainName = (name: string): string => {
  const words = name.match(/[\p{L}\p{N}]+/gu) ?? [];
  const camelCased = (word: string, index: number) => {
    if (index) return word[0]!.toUpperCase() + word.slice(1);
    return word === word.toUpperCase() ? word.toLowerCase() : word[0]!.toLowerCase() + word.slice(1);
  };
  const camel = words.map(camelCased).join("");
  return /^\p{N}|^$/u.test(camel) ? `value${camel}` : camel;
};
