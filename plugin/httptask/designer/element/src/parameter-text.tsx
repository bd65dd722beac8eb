// The parameters of a request as text, to edit many at once.
import { useState } from "preact/hooks";
import { linesOf, takeLines } from "./parameter-lines";
import type { Slot } from "./slots";
import { GROUP_TITLES } from "./task-form";
import { typed } from "./ui";

/** A text area for each of *groups*. */
export function ParameterText({ groups, redraw }: { groups: Slot[]; redraw: () => void }) {
  return <>{groups.map((group) => <GroupText key={group.key} group={group} redraw={redraw} />)}</>;
}

function GroupText({ group, redraw }: { group: Slot; redraw: () => void }) {
  const [{ text, slots }, setText] = useState(() => linesOf(group));
  const name = group.field.name!;
  const id = `text-${name}`;
  return (
    <div class="field">
      <div class="lab">
        <label class="name" for={id}>{GROUP_TITLES[name]}</label>
        <span class="type">a line each, # before one that is off</span>
      </div>
      <div class="control">
        <textarea
          id={id} class="code" rows={Math.max(3, text.split("\n").length + 1)} value={text} placeholder="name: value"
          spellcheck={false}
          onInput={typed((typedText) => {
            setText({ text: typedText, slots });
            takeLines(group, typedText, slots);
            redraw();
          })}
        />
      </div>
    </div>
  );
}
