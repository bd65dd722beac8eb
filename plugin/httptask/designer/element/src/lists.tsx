// The items of a list: a row for each, and buttons to add one or to paste many.
import { useState } from "preact/hooks";
import type { FieldProps } from "./form-field";
import { child, type Json } from "./json";
import { Panel } from "./panel";
import { itemField, load } from "./slots";
import { Icon, idOf, useUi } from "./ui";

/** The items of a list. */
export function List(props: FieldProps) {
  const { slot, pointer, id, name, redraw, prefix } = props;
  const { focus, Row } = useUi();
  const [pasting, setPasting] = useState(false);
  const room = slot.field.maximum === undefined || slot.kids.length < slot.field.maximum;
  /** Add items with *values* (undefined: empty), and focus the last one. */
  const add = (values: (Json | undefined)[]) => {
    for (const value of values) slot.kids.push({ ...load(itemField(slot.field, slot.kids.length), value), on: true });
    slot.on = true;
    redraw();
    focus(idOf(child(pointer, slot.kids.length - 1)));
  };
  const remove = (index: number) => {
    slot.kids.splice(index, 1);
    redraw();
    focus(slot.kids.length ? idOf(child(pointer, Math.min(index, slot.kids.length - 1))) : `${id}-add`);
  };
  const closePasting = (added: boolean) => {
    setPasting(false);
    if (!added) focus(`${id}-add`);
  };
  return (
    <>
      {slot.kids.map((kid, index) => (
        <Row
          key={kid.key} slot={kid} pointer={child(pointer, index)} name={`${name} ${index + 1}`} prefix={prefix}
          onRemove={() => remove(index)}
        />
      ))}
      {pasting && (
        <Panel name="PasteList" of={{ id, name, field: itemField(slot.field, 0), onAdd: add, onClose: closePasting }} />
      )}
      <div class="adders">
        {room ? (
          <button class="add" id={`${id}-add`} aria-label={`Add item to ${name}`} onClick={() => add([undefined])}><Icon name="plus" />item</button>
        ) : <span class="muted" id={`${id}-add`} tabIndex={-1}>at most {slot.field.maximum}</span>}
        {room && !pasting && (
          <button class="add" aria-label={`Paste a list into ${name}`} onClick={() => { setPasting(true); focus(`${id}-paste`); }}>
            Paste a list
          </button>
        )}
      </div>
    </>
  );
}
