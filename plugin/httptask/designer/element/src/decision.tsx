// The form of a Decision: choices, each with a condition and a next task, and the default task.
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { blankRow, conditionOf, type EditedRow, editedRow, isIncomplete, isUnary, OPERATORS, readsAs, type ValueKind } from "./condition-rows";
import type { FlowForm } from "./flow-task";
import { EntryRows, type Row } from "./entries";
import { ValueBelow } from "./expression-input";
import { child } from "./json";
import { TaskChoice } from "./routes";
import { ANY, load } from "./slots";
import { editTask, problemsAt } from "./task-edits";
import { describedBy, Icon, IconButton, Problems, typed, useRedraw, useUi } from "./ui";
import { ValueBox } from "./value-box";

/** How long after the last key the server is asked for the rows of a condition, in milliseconds. */
const ASK_AFTER = 150;

/** The form of the Decision *item*; *problems* are those of the task. */
export function DecisionForm({ item, problems }: FlowForm) {
  const { store } = useUi();
  const { name, task } = item;
  const ofDefault = problemsAt(problems, "/defaultTask");
  // Each choice shows its own problems, and the routes show those of `onError`.
  const general = problems.filter((problem) => !ofDefault.includes(problem) && !/^\/(choices\/[0-9]|onError)/.test(problem.pointer));
  return (
    <section class="card" aria-labelledby="group-choices">
      <div class="card-head">
        <h2 id="group-choices">Choices</h2>
        <span class="type">the first whose condition is true is taken</span>
      </div>
      <EntryRows
        id="choice" noun="choice" pointer="/choices" problems={problems} list={task.choices} least={1} blank={{ condition: "", nextTask: "" }}
        onWrite={(choices) => editTask(store, name, { choices })} draw={(row) => <Choice {...{ item, problems }} {...row} />}
      />
      <div class="field single">
        <div class="field-head">
          <label class="name" for="default-task">Default task</label>
          <span class="required">*<span class="hidden"> required</span></span>
          <span class="type">when no condition is true</span>
        </div>
        <TaskChoice
          id="default-task" item={item} value={task.defaultTask} none="choose one" described={describedBy("default", ofDefault)}
          onChoose={(next) => editTask(store, name, { defaultTask: next })}
        />
        <Problems id="default" pointer="/defaultTask" problems={ofDefault} />
      </div>
      <Problems id="decision" pointer="" problems={general} />
    </section>
  );
}

/**
 * The rows of *condition*, and a function that takes changed rows and returns their condition.
 * The rows are undefined until the server has answered, and null where the condition cannot be split into rows.
 */
function useRows(condition: string) {
  const { store } = useUi();
  /** The latest rows, and the condition that they belong to. An edited row changes both, so the server is not asked again. */
  const [latest, setLatest] = useState<{ text: string; rows: EditedRow[] | null } | null>(condition ? null : { text: "", rows: [blankRow()] });
  const rows = latest?.text === condition ? latest.rows : undefined;
  const first = useRef(true);
  useLayoutEffect(() => {
    if (rows !== undefined) return;
    let wanted = true;
    const ask = () => store.api.conditions([condition]).then(
      ([answer]) => { if (wanted) setLatest({ text: condition, rows: answer?.rows?.map(editedRow) ?? null }); },
      () => {}, // the server does not answer: saving reports that
    );
    const timer = setTimeout(ask, first.current ? 0 : ASK_AFTER);
    first.current = false;
    return () => { wanted = false; clearTimeout(timer); };
  }, [condition]);
  const change = (changed: EditedRow[]) => {
    const text = conditionOf(changed);
    setLatest({ text, rows: changed });
    return text;
  };
  return [rows, change] as const;
}

/** One choice: its condition, as rows or as an expression, and the task that follows. */
function Choice({ item, problems, value: choice, index, onChange }: Pick<FlowForm, "item" | "problems"> & Row) {
  const { focus } = useUi();
  const id = `choice-${index}`;
  const pointer = child("/choices", index);
  const own = problemsAt(problems, pointer);
  const described = describedBy(id, own) || undefined;
  const condition = typeof choice.condition === "string" ? choice.condition : "";
  const write = (text: string) => { if (text !== condition) onChange({ ...choice, condition: text }); };
  const [rows, change] = useRows(condition);
  const [asText, setAsText] = useState(false);
  const inRows = !!rows && !asText;
  const shared = { id, described, pointer: `${pointer}/condition`, number: index + 1 };
  const view = (text: boolean) => { setAsText(text); focus(id); };
  return (
    <>
      <div class="views">
        <span class="segments" role="group" aria-label={`Edit condition ${index + 1} as`}>
          <button
            aria-pressed={inRows} disabled={!rows} title={rows ? "" : "Rows cannot say this: they are all joined by “and”"}
            onClick={() => view(false)}
          >Rows</button>
          <button aria-pressed={!inRows} onClick={() => view(true)}>Expression</button>
        </span>
      </div>
      {inRows
        ? <ConditionRows {...shared} rows={rows} onChange={(changed) => write(change(changed))} />
        : <ConditionText {...shared} condition={condition} write={write} />}
      {inRows && rows.some(isIncomplete)
        ? <p class="muted small">A row is not complete yet.</p>
        : <Problems id={id} pointer={pointer} problems={own} />}
      <div class="field single">
        <label class="name" for={`${id}-next`}>Next task {index + 1}</label>
        <TaskChoice
          id={`${id}-next`} item={item} value={choice.nextTask} none="choose one" described={described}
          onChoose={(nextTask) => onChange({ ...choice, nextTask })}
        />
      </div>
    </>
  );
}

/** What both editors of a condition need. */
interface ConditionProps {
  /** The id of the first control. */
  id: string;
  pointer: string;
  /** The number of the choice, from 1. */
  number: number;
  /** The ids of what describes the control. */
  described?: string;
}

/** The whole condition as one text. */
function ConditionText({ id, pointer, number, described, condition, write }: ConditionProps & {
  condition: string; write: (text: string) => void;
}) {
  const [slot] = useState(() => load(ANY));
  Object.assign(slot, { fx: true, expr: condition });
  return (
    <ValueBox
      {...{ id, pointer, described, slot }} name={`Condition ${number}`} of="whole"
      placeholder="$.statusCode === 200 || $.body.total > 20" redraw={() => write(slot.expr)}
    />
  );
}

/** The words beside the value on the right that say how it is read. */
const KINDS: Record<ValueKind, string> = { "": "", text: "text", number: "number", word: "no text", path: "" };

/** The condition as rows: it is true when all of them are. */
function ConditionRows({ id, pointer, number, described, rows, onChange }: ConditionProps & {
  rows: EditedRow[]; onChange: (rows: EditedRow[]) => void;
}) {
  const { focus } = useUi();
  const draw = useRedraw();
  const idOf = (index: number) => (index ? `${id}-${index}` : id);
  const write = (changed = rows) => { onChange(changed); draw(); };
  const add = () => { write([...rows, blankRow()]); focus(idOf(rows.length)); };
  return (
    <div class="condition-rows">
      {rows.map((row, index) => {
        const of = `${index + 1} of choice ${number}`;
        const put = (changed: Partial<EditedRow>) => { Object.assign(row, changed); write(); };
        const as = row.as || readsAs(row.right.expr);
        // A text that can be nothing else, and a path, are plain to see.
        const saysKind = (as !== "text" || row.as === "text") && as !== "path" && (row.right.expr || row.as);
        const remove = () => {
          write(rows.filter((other) => other !== row));
          focus(id);
        };
        return (
          <div class="condition-row" key={row.left.key} role="group" aria-label={`Row ${of}`}>
            {index > 0 && <span class="muted and">and</span>}
            <ValueBox
              slot={row.left} id={idOf(index)} name={`Value ${of}`} of="part" placeholder="$.body.total"
              redraw={write} {...{ pointer, described }}
            />
            <select aria-label={`Operator ${of}`} value={row.operator} onChange={typed((operator) => put({ operator }))}>
              {Object.entries(OPERATORS).map(([operator, words]) => <option key={operator} value={operator}>{words}</option>)}
              {!(row.operator in OPERATORS) && <option value={row.operator}>{row.operator}</option>}
            </select>
            {isUnary(row) ? <span class="compared" /> : (
              <div class="compared">
                <ValueBox
                  slot={row.right} id={`${idOf(index)}-right`} name={`Compared with ${of}`} of="part" quiet
                  placeholder={row.as === "text" ? "an empty text" : "20, a text, or $.body.limit"}
                  redraw={write} {...{ pointer, described }}
                />
                {saysKind && (
                  <span class="small"><span class="muted">{KINDS[as]}</span>{" "}
                    {row.as
                      ? <button class="link small" onClick={() => put({ as: "" })}>as typed</button>
                      : <button class="link small" onClick={() => put({ as: "text" })}>as text</button>}
                  </span>
                )}
              </div>
            )}
            <IconButton icon="close" label={`Remove row ${of}`} title="Remove" disabled={rows.length < 2} onClick={remove} />
          </div>
        );
      })}
      <div class="row">
        <button class="add" aria-label={`Add row to choice ${number}`} onClick={add}><Icon name="plus" />Add row</button>
        <ValueBelow asIs pointer={pointer} text={rows.some(isIncomplete) ? "" : conditionOf(rows)} />
      </div>
    </div>
  );
}
