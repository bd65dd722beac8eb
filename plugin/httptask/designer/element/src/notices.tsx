// The messages about the whole workflow, above the panes; each stays until it is dealt with or closed.
import { useState } from "preact/hooks";
import { Failed, Note, useUi } from "./ui";

/** Unreadable files, a broken definition, a conflict with another editor's save, and the latest notice. */
export function Notices() {
  const { store } = useUi();
  const [showsNotes, setShowsNotes] = useState(true);
  const { id, broken } = store.workflow;
  const { conflict } = store.saving;
  const { notice } = store;
  const closeNotice = () => { store.notice = null; store.update(); };
  return (
    <section class="notices" aria-label="Messages">
      {showsNotes && store.config?.notes && (
        <Note kind="info" title="Not every file is a definition" onClose={() => setShowsNotes(false)}>
          {store.config.notes.join("; ")}
        </Note>
      )}
      {broken && (
        <Failed failure={broken}>
          <button onClick={() => void store.workflow.open(id, null, true)}>Load it again</button>
          {broken.type === "urn:httptask:problem:broken-definition" && (
            <button class="danger" onClick={() => void store.workflow.overwriteBroken()}>Overwrite it</button>
          )}
        </Failed>
      )}
      {conflict && (
        <section id="conflict" tabIndex={-1} aria-label="Conflict">
          <Failed
            failure={{
              title: "Somebody else changed this workflow",
              detail: `${conflict.detail}. Nothing was written yet; either way your settings stay in the history.`,
            }}
          >
            <button onClick={() => void store.saving.reload()}>Load theirs</button>
            <button class="danger" onClick={() => void store.saving.save(conflict.etag)}>Overwrite with mine</button>
          </Failed>
        </section>
      )}
      {store.drafts.overflows && (
        <Note kind="warning" title="The browser has no room for your unsaved changes">A reload would lose them. Save them.</Note>
      )}
      {notice && (
        <Note kind={notice.type || notice.status ? "error" : "info"} title={notice.title} onClose={closeNotice}>
          {notice.detail}
        </Note>
      )}
    </section>
  );
}
