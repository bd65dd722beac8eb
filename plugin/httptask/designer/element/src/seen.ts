// Makes the invisible characters of foreign texts visible: names, tags and keys may hold characters that reverse the text
// beside them or that are not seen at all (Unicode Standard, section 23.2, and UAX #9).

/** The characters of `httptask/_visible.py`, except the carriage return in a line break. */
const INVISIBLE = new RegExp(
  "\\r(?!\\n)|[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f-\\x9f\\xad\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180e\\u200b\\u200e\\u200f\\u2028-\\u202e"
  + "\\u2060-\\u206f\\u2800\\u3164\\ufeff\\uffa0\\ufff9-\\ufffb\\u{e0001}\\u{e0020}-\\u{e007f}]", "gu",
);

const escaped = (char: string): string => {
  const code = char.codePointAt(0)!;
  if (code < 0x100) return `\\x${code.toString(16).padStart(2, "0")}`;
  return code < 0x10000 ? `\\u${code.toString(16).padStart(4, "0")}` : `\\U${code.toString(16).padStart(8, "0")}`;
};

/** Return *text* with a visible escape for each such character, the same that the command line writes. */
export const seen = (text: string): string => text.replace(INVISIBLE, escaped);
