// The name of the open task: to read, and to change. While it is changed, who uses it is shown.
import { useState } from "preact/hooks";
import { Panel } from "./panel";
import { useUi } from "./ui";

export function TaskTitle() {
  const { store } = useUi();
  const { name } = store.task;
  const [edited, setEdited] = useState<string | null>(null);
  const editing = edited !== null && edited === name;
  return (
    <span class="title-box">
      <input
        key={name} class="title" aria-label="Task name" defaultValue={name!} maxLength={80} aria-describedby={editing ? "name-uses" : undefined}
        onFocus={() => setEdited(name)} onBlur={() => setEdited(null)}
        onChange={({ currentTarget: input }) => void store.workflow.rename(input.value).then(() => { input.value = store.task.name ?? ""; })}
      />
      {editing && <Panel name="NameUses" of={{ name }} />}
    </span>
  );
}
