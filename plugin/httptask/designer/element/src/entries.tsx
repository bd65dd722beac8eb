// A list in the definition that is edited in rows. What is no object there is left as it is, at its place.
import type { ComponentChildren } from "preact";
import { isObject, type Json, type JsonObject } from "./json";
import { Icon, IconButton, useUi } from "./ui";

export interface Row {
  value: JsonObject;
  index: number;
  onChange: (changed: JsonObject) => void;
}

/** The objects of *list*, a row each: drawn by *draw*, moved, removed, and added as *blank*. */
export function EntryRows({ id, noun, list, least, blank, onWrite, draw, children }: {
  id: string;
  /** What one is called: "choice". */
  noun: string;
  list: Json | undefined;
  /** How many stay at least. */
  least: number;
  blank: JsonObject;
  onWrite: (list: Json[]) => void;
  draw: (row: Row) => ComponentChildren;
  children?: ComponentChildren;
}) {
  const { focus } = useUi();
  const values = Array.isArray(list) ? list : [];
  const title = noun[0]!.toUpperCase() + noun.slice(1);
  const put = (index: number, ...changed: Json[]) => onWrite([...values.slice(0, index), ...changed, ...values.slice(index + changed.length)]);
  return (
    <>
      {values.map((value, index) => isObject(value) && (
        <div key={index} class="field" role="group" aria-labelledby={`${id}-${index}-name`}>
          <div class="field-head">
            <span class="name" id={`${id}-${index}-name`}>{title} {index + 1}</span>
            <span class="tools">
              {index > 0 && <IconButton icon="up" label={`Move ${noun} ${index + 1} up`} title="Move up" onClick={() => { put(index - 1, value, values[index - 1]!); focus(`${id}-${index - 1}`); }} />}
              {values.length > least && <IconButton icon="close" label={`Remove ${noun} ${index + 1}`} title="Remove" onClick={() => { onWrite(values.filter((_, at) => at !== index)); focus(`${id}-add`); }} />}
            </span>
          </div>
          {draw({ value, index, onChange: (changed) => put(index, changed) })}
        </div>
      ))}
      <div class="adders">
        <button id={`${id}-add`} class="add" onClick={() => { onWrite([...values, blank]); focus(`${id}-${values.length}`); }}><Icon name="plus" />Add {noun}</button>
        {children}
      </div>
    </>
  );
}
