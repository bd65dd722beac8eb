// The warning below a value that begins like JSON but does not parse: it is sent as text. Names the syntax error and offers a fix.
import { useMemo } from "preact/hooks";
import { columnOf, lineOf, mended, readText } from "./json-text";
import { Note } from "./ui";

/** The warning for *text*, or nothing when it parses as JSON. While the user types (*isQuiet*) it is one quiet line. */
export function AlmostJson({ text, isQuiet, onMend, onEdit, onText }: {
  text: string;
  /** True while the user is still typing. */
  isQuiet?: boolean;
  /** Gets the repaired text: without comments and trailing commas. */
  onMend: (mended: string) => void;
  /** Opens the text in the JSON editor. Without it there is no such button. */
  onEdit?: () => void;
  /** Confirms that the value is meant as text. Without it there is no such button. */
  onText?: () => void;
}) {
  const { flaw, mending } = useMemo(() => ({ flaw: readText(text).flaw, mending: mended(text) }), [text]);
  if (!flaw) return null;
  const position = `Line ${lineOf(text, flaw.from)}, column ${columnOf(text, flaw.from)}`;
  if (isQuiet)
    return (
      <div class="row under" role="status">
        <span class="muted">Not JSON yet, so it is sent as text. {position}.</span>
      </div>
    );
  return (
    <Note kind="warning" title="This is not JSON: it is sent as text">
      {position}: {flaw.message}
      <div class="row actions">
        {mending && <button onClick={() => onMend(mending.text)}>{mending.title}</button>}
        {onEdit && <button onClick={onEdit}>Edit as JSON</button>}
        {onText && <button class="link" onClick={onText}>Send it as text</button>}
      </div>
    </Note>
  );
}
