// The field for an expression: a combobox with a tree of the values that the expression can name, and its result below.
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { contextAt, inserted } from "./typed-path";
import { isExpression, wrapped } from "./json";
import type { Slot } from "./slots";
import type { Evaluation, ScopeGroup } from "./types";
import {
  fits, functionLines, type JsonataFunction, keyOf, type Line, linesOf, origin, preview, short, title,
} from "./value-list";
import { Icon, useRedraw, useUi } from "./ui";

/** How long after the last key an expression is evaluated, in milliseconds. */
const EVALUATE_AFTER = 250;
/** How many characters of a result are shown. */
const MOST_SHOWN = 160;
/** How many lines of the tree are drawn at first; more are drawn when the user gets near the end. */
const AT_ONCE = 40;

/**
 * What a field shall do once it is drawn: `picker`: open the picker. `typed`: go on after a typed `$`.
 * `text`: go on as a text field, because what followed the `$` is no expression.
 */
export type Asked = "picker" | "typed" | "text" | null;

/**
 * What the text is, where it is not an ordinary expression of a field: `whole`: the whole condition of a Decision, or the value of a Wait.
 * `part`: a value in a row of a condition. `query`: a query of a response.
 */
export type TextKind = "whole" | "part" | "query";

interface ExpressionField {
  slot: Slot;
  pointer: string;
  name: string;
  redraw: () => void;
  /** The attributes of the control. */
  control: { id: string; "aria-describedby"?: string; "aria-label"?: string };
  asked: Asked;
  ask: (asked: Asked) => void;
  /** Gets the chosen value, or the text that was confirmed with Enter. With it the slot only holds the text while it is typed. */
  onTake?: (expression: string) => void;
  of?: TextKind;
  /** The value may also be a plain text: only a text that begins with `$` opens the picker and is evaluated. */
  quiet?: boolean;
  placeholder?: string;
}

/** The combobox for the expression in *slot*. */
export function ExpressionInput({
  slot, pointer, name, redraw, control, asked, ask, onTake, of, quiet, placeholder = "$.name",
}: ExpressionField) {
  const { store } = useUi();
  const input = useRef<HTMLInputElement>(null);
  /** The field held text until a `$` was typed, and goes back to text unless an expression follows. */
  const mayBeText = useRef(false);
  const popup = useRef<HTMLDivElement>(null);
  /** The tree of values, from the server. */
  const [groups, setGroups] = useState<ScopeGroup[] | null>(null);
  const [functions, setFunctions] = useState<JsonataFunction[]>([]);
  const [failure, setFailure] = useState("");
  const [open, setOpen] = useState(false);
  /** Nothing was typed since the picker opened: the tree is not filtered, and a chosen value replaces the whole text. */
  const [fresh, setFresh] = useState(false);
  /** The index of the current line; -1: none. */
  const [active, setActive] = useState(-1);
  /** How many lines are drawn. */
  const [most, setMost] = useState(AT_ONCE);
  /** The lines that the user opened or closed, by `keyOf`. */
  const [toggled, setToggled] = useState(new Map<string, boolean>());
  const caret = input.current?.selectionStart ?? slot.expr.length;
  const context = contextAt(slot.expr, caret);
  const { query } = context;
  const values = () => (groups ? linesOf(groups, fresh ? null : query, toggled) : []);
  const lines = !open ? [] : query.calls && !fresh ? functionLines(functions, query.partial) : values();
  const line = lines[active];
  /** While the user types, the picker is hidden when no value matches. */
  const visible = open && (fresh || !!failure || lines.length > 0);
  const id = `${control.id}-values`;

  /** Open the picker: with the whole tree, or filtered by what is typed. */
  const show = (all: boolean) => {
    setOpen(true);
    setFresh(all);
    setActive(-1);
    setMost(AT_ONCE);
    if (all) setToggled(new Map());
    store.expressions.functions().then(setFunctions, () => {}); // no answer of the server: the tree reports it
    if (open && groups) return; // the tree is loaded once, not for every key
    store.expressions.scope(pointer).then(
      (scope) => {
        // A row of a condition only compares what the task before put out (`$`), so it offers nothing else.
        setGroups(scope.groups.filter(({ path }) => of !== "part" || !path.length));
        setFailure("");
      },
      (error: Error) => setFailure(error.message),
    );
  };
  useLayoutEffect(() => {
    if (!asked || asked === "text") return;
    input.current!.focus();
    mayBeText.current = asked === "typed";
    if (asked === "picker") input.current!.select();
    show(asked === "picker");
    ask(null);
  }, [asked]);
  /** Whether a field that held text before a `$` was typed is text after all. *ends*: the user leaves the field. */
  const isText = (ends: boolean) => mayBeText.current && (ends ? slot.expr === "$" : !/^\$([.[{]|$)/.test(slot.expr));
  const backToText = () => {
    Object.assign(slot, { fx: false, text: slot.expr, expr: "" });
    redraw();
  };
  useLayoutEffect(() => popup.current?.scrollIntoView({ block: "nearest" }), [open, groups]);

  const toggle = (entry: Line) => setToggled(new Map(toggled).set(keyOf(entry), !entry.open));
  /** Insert a call of the function *name*, with the caret between its parentheses. */
  const call = (name: string) => {
    const rest = slot.expr.slice(input.current!.selectionStart!);
    const before = `${slot.expr.slice(0, query.from)}${name}(`;
    slot.expr = before + (rest.startsWith("(") ? rest.slice(1) : `)${rest}`);
    setOpen(false);
    redraw();
    requestAnimationFrame(() => input.current?.setSelectionRange(before.length, before.length));
  };
  /** Insert the value of a line. */
  const take = ({ group, steps }: Line) => {
    if (group.kind === "function") return call(String(steps[0]));
    const path = store.expressions.reach(group, steps, pointer);
    const end = fresh ? slot.expr.length : input.current!.selectionStart!;
    const atEnd = contextAt(slot.expr, end);
    // A condition reads `$` without `${}`; what is not in `$` can only be named by an expression in `${}`.
    const needsExpression = of === "whole" && group.path.length > 0;
    const { text, caret: after } = inserted(slot.expr, fresh ? 0 : atEnd.query.from, end, atEnd, path);
    slot.expr = needsExpression ? wrapped(text) : text;
    setOpen(false);
    if (onTake) return onTake(text);
    redraw();
    requestAnimationFrame(() => input.current?.setSelectionRange(after, after));
  };
  const move = (to: number) => {
    setActive(Math.max(0, Math.min(lines.length - 1, to)));
    if (to + 2 > most) setMost(to + AT_ONCE);
  };
  useLayoutEffect(() => popup.current?.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" }), [active]);

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey) return;
    if (onTake && event.key === "Enter" && !(visible && line) && slot.expr.trim()) onTake(slot.expr);
    else if (!visible) {
      if (event.key !== "ArrowDown") return;
      show(!slot.expr.trim());
    } else if (event.key === "ArrowDown") move(active + 1);
    else if (event.key === "ArrowUp") move(active - 1);
    else if (event.key === "Escape") setOpen(false);
    else if (!line) return;
    else if (event.key === "Enter") take(line);
    else if (event.key === "ArrowRight" && line.folds) line.open ? move(active + 1) : toggle(line);
    else if (event.key === "ArrowLeft") {
      if (line.open) toggle(line);
      else move(lines.findLastIndex(({ level }, index) => index < active && level < line.level));
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div class="value-field" onFocusOut={(event) => {
      if (event.currentTarget.contains(event.relatedTarget as Node)) return;
      setOpen(false);
      if (isText(true)) backToText();
    }}>
      <div class="joined">
        <input
          {...control} ref={input} class="code" value={slot.expr} placeholder={placeholder} autocomplete="off"
          role="combobox" aria-haspopup="tree" aria-autocomplete="list"
          aria-expanded={visible} aria-controls={visible ? id : undefined}
          aria-activedescendant={line ? `${id}-${active}` : undefined}
          onInput={(event) => {
            slot.expr = event.currentTarget.value;
            slot.empty = false;
            if (isText(false)) {
              ask("text");
              return backToText();
            }
            const typed = contextAt(slot.expr, event.currentTarget.selectionStart!).query;
            if ((typed.steps || typed.partial || typed.calls) && !(quiet && slot.expr[0] !== "$")) show(false);
            else setOpen(false);
            redraw();
          }}
          onKeyDown={onKeyDown}
        />
        <button
          class="add" aria-label={`Insert a value into ${name}`} title="Insert a value (Alt E)" aria-expanded={visible}
          onMouseDown={(event) => event.preventDefault()}
          onClick={() => {
            if (visible) return setOpen(false);
            input.current!.focus();
            input.current!.select();
            show(true);
          }}
        >{of === "part" || of === "query" ? <Icon name="braces" /> : "Insert"}</button>
      </div>
      {visible && (
        <div class="values" ref={popup} onMouseDown={(event) => event.preventDefault()}>
          {failure ? <p class="problem error">{failure}</p>
            : !groups ? <p class="muted" role="status">Looking …</p>
            : !lines.length ? <p class="muted" role="status">No value has this name.</p>
            : null}
          <div
            role="tree" class="tree" id={id} aria-label={`Values for ${name}`}
            onScroll={({ currentTarget: { scrollTop, clientHeight, scrollHeight } }) => {
              if (scrollTop + clientHeight > scrollHeight - 80 && most < lines.length) setMost(most + 4 * AT_ONCE);
            }}
          >
            {lines.slice(0, most).map((entry, index) => (
              <ValueLine
                key={keyOf(entry)} id={`${id}-${index}`} line={entry} active={index === active} slot={slot}
                onClick={() => { setActive(index); entry.folds ? toggle(entry) : take(entry); }}
              />
            ))}
          </div>
          <div class="row between small">
            <span class="muted">
              {line ? `${line.node.type}${line.group.own ? "" : ", kept as an input parameter"}` : "Type to filter; arrows and Enter choose"}
            </span>
            <button tabIndex={-1} disabled={!line} onClick={() => take(line!)}>Insert {line ? short(String(line.node.name)) : ""}</button>
          </div>
        </div>
      )}
      {!(quiet && slot.expr[0] !== "$") && <ValueBelow asIs={!!of} pointer={pointer} text={slot.expr} />}
    </div>
  );
}

/** A line of the tree: a group of values, or a value with its sample. A check mark says that the value fits the field. */
function ValueLine({ id, line, active, slot, onClick }: {
  id: string; line: Line; active: boolean; slot: Slot; onClick: () => void;
}) {
  const { node, group, level, folds, open } = line;
  const isGroup = node === group;
  const content = isGroup ? <>
    <strong>{title(group)}</strong>{" "}
    <span class="muted">{origin(group)} {!open && (group.sampled || group.kind === "parameter") && preview(node)}</span>
  </> : <>
    <span class="key">{node.name}</span>
    {group.kind !== "function" && <span class="muted">: </span>}
    <span class={node.value === undefined ? "muted" : "value"}>{preview(open ? { ...node, nodes: [] } : node)}</span>
  </>;
  return (
    <div
      id={id} role="treeitem" aria-level={level} aria-expanded={folds ? open : undefined} aria-selected={active}
      style={{ paddingLeft: `${level * 14 - 8}px` }} onClick={onClick}
    >
      <span class={open ? "fold open" : "fold"}>{folds && <Icon name="right" />}</span>
      {content}
      {!isGroup && fits(slot.field, node) && <span class="fit"> ✓<span class="hidden"> fits</span></span>}
    </div>
  );
}

/**
 * The result of an expression with the samples that are known, updated while the user types.
 * *asIs*: the text is evaluated as it is; otherwise `$.name` is taken for `${$.name}`.
 */
export function ValueBelow({ pointer, text: written, asIs }: { pointer: string; text: string; asIs?: boolean }) {
  const { store } = useUi();
  const redraw = useRedraw();
  const [shown, setShown] = useState<Evaluation | null>(null);
  useLayoutEffect(() => store.subscribe(redraw), []);
  const text = written.trim();
  const stamp = store.expressions.stamp;
  useLayoutEffect(() => {
    if (!text) return setShown(null);
    const running = new AbortController();
    const timer = setTimeout(() => {
      store.expressions.evaluate(pointer, asIs || isExpression(text) ? text : wrapped(text), running.signal).then(
        (evaluation) => { if (!running.signal.aborted) setShown(evaluation); },
        () => { if (!running.signal.aborted) setShown(null); }, // the server does not answer: testing and saving report that
      );
    }, EVALUATE_AFTER);
    return () => { clearTimeout(timer); running.abort(); };
  }, [text, stamp]);
  if (!shown) return null;
  const { value, type, lacking, problem } = shown;
  const goToInput = () => {
    store.focusWanted = "sample-input";
    store.update();
  };
  return (
    <p class="value-below small" role="status">
      {value !== undefined ? <><span class="muted">= </span><code>{short(value, MOST_SHOWN)}</code> <span class="muted">{type}</span></>
        : lacking?.task ? (
          <span class="muted">
            no sample yet: <button class="link" onClick={() => void store.task.open(lacking.task!)}>test “{lacking.task}” once</button>
          </span>
        ) : lacking ? <span class="muted">no sample yet: <button class="link" onClick={goToInput}>give a sample input</button></span>
        : problem && <span class="problem error">{problem}</span>}
    </p>
  );
}
