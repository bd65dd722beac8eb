// The name of the open task, in a text field.
import { useState } from "preact/hooks";
import { Panel } from "./panel";
import { isOfName, problemsOf } from "./task-edits";
import { Problems, useUi } from "./ui";

/** The problems of the open task's name: it is empty, too long, or another task has it. */
export function NameProblems() {
  const { store } = useUi();
  return <Problems id="task-name" pointer="" problems={problemsOf(store.workflow.problems, store.task.name!).filter(isOfName)} />;
}

/** While the name is edited, the places that use the old name are listed. */
export function TaskTitle() {
  const { store } = useUi();
  const { name } = store.task;
  const [edited, setEdited] = useState<string | null>(null);
  const isEdited = edited !== null && edited === name;
  const rename = (input: HTMLInputElement) =>
    void store.workflow.rename(input.value).then(() => { input.value = store.task.name ?? ""; });
  return (
    <span class="title-box">
      <input
        key={name} class="title" aria-label="Task name" defaultValue={name!} maxLength={80}
        aria-describedby={isEdited ? "name-uses" : undefined}
        onFocus={() => setEdited(name)} onBlur={() => setEdited(null)}
        onChange={({ currentTarget }) => rename(currentTarget)}
      />
      {isEdited && <Panel name="NameUses" of={{ name }} />}
    </span>
  );
}
