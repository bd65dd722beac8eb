// Text that begins like JSON and is none: that it goes out as text, where it stops being JSON, and what mends it.
import { useMemo } from "preact/hooks";
import { columnOf, lineOf, mended, readText } from "./json-text";
import { Note } from "./ui";

export function AlmostJson({ text, isQuiet, onMend, onEdit, onText }: {
  text: string;
  /** Somebody still types. */
  isQuiet?: boolean;
  onMend: (mended: string) => void;
  onEdit?: () => void;
  onText?: () => void;
}) {
  const { flaw, mending } = useMemo(() => ({ flaw: readText(text).flaw, mending: mended(text) }), [text]);
  if (!flaw) return null;
  const place = `Line ${lineOf(text, flaw.from)}, column ${columnOf(text, flaw.from)}`;
  if (isQuiet) return <div class="row under" role="status"><span class="muted">Not JSON yet, so it is sent as text. {place}.</span></div>;
  return (
    <Note kind="warning" title="This is not JSON: it is sent as text">
      {place}: {flaw.message}
      <div class="row actions">
        {mending && <button onClick={() => onMend(mending.text)}>{mending.title}</button>}
        {onEdit && <button onClick={onEdit}>Edit as JSON</button>}
        {onText && <button class="link" onClick={onText}>Send it as text</button>}
      </div>
    </Note>
  );
}
