// Rows for a list of objects in the definition. An item that is not an object is shown as JSON, and kept until it is removed.
import type { ComponentChildren } from "preact";
import { child, isObject, type Json, type JsonObject } from "./json";
import { problemsAt } from "./task-edits";
import type { Problem } from "./types";
import { Icon, IconButton, Problems, useUi } from "./ui";

/** An item of the list, and the function that replaces it. */
export interface Row {
  value: JsonObject;
  index: number;
  onChange: (changed: JsonObject) => void;
}

/** A row for each item of *list*, an object drawn by *draw*, with buttons to move, remove and add rows; a new item is *blank*. */
export function EntryRows({ id, noun, pointer, problems, list, least, blank, onWrite, draw, children }: {
  id: string;
  /** The name of an item on the screen: "choice". */
  noun: string;
  /** The pointer of the list in the task. */
  pointer: string;
  /** The problems of the task. */
  problems: Problem[];
  list: Json | undefined;
  /** The least number of items: no more than that can be removed. */
  least: number;
  blank: JsonObject;
  onWrite: (list: Json[]) => void;
  draw: (row: Row) => ComponentChildren;
  children?: ComponentChildren;
}) {
  const { focus } = useUi();
  const values = Array.isArray(list) ? list : [];
  const title = noun[0]!.toUpperCase() + noun.slice(1);
  /** Replace the items from *index* on by as many *changed* ones. */
  const put = (index: number, ...changed: Json[]) =>
    onWrite([...values.slice(0, index), ...changed, ...values.slice(index + changed.length)]);
  const moveUp = (index: number) => {
    put(index - 1, values[index]!, values[index - 1]!);
    focus(`${id}-${index - 1}`);
  };
  const remove = (index: number) => {
    onWrite(values.filter((_, other) => other !== index));
    focus(`${id}-add`);
  };
  const add = () => {
    onWrite([...values, blank]);
    focus(`${id}-${values.length}`);
  };
  return (
    <>
      {values.map((value, index) => (
        <div key={index} class="field" role="group" aria-labelledby={`${id}-${index}-name`}>
          <div class="field-head">
            <span class="name" id={`${id}-${index}-name`}>{title} {index + 1}</span>
            <span class="tools">
              {index > 0 && (
                <IconButton icon="up" label={`Move ${noun} ${index + 1} up`} title="Move up" onClick={() => moveUp(index)} />
              )}
              {(values.length > least || !isObject(value)) && (
                <IconButton icon="close" label={`Remove ${noun} ${index + 1}`} title="Remove" onClick={() => remove(index)} />
              )}
            </span>
          </div>
          {isObject(value) ? draw({ value, index, onChange: (changed) => put(index, changed) }) : (
            <>
              <code id={`${id}-${index}`} tabIndex={-1}>{JSON.stringify(value)}</code>
              <Problems id={`${id}-${index}`} pointer={child(pointer, index)} problems={problemsAt(problems, child(pointer, index))} />
            </>
          )}
        </div>
      ))}
      <div class="adders">
        <button id={`${id}-add`} class="add" onClick={add}><Icon name="plus" />Add {noun}</button>
        {children}
      </div>
    </>
  );
}
