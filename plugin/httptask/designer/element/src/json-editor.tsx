// An editor for JSON text: a transparent text area over a coloured copy of its text, with problems at their lines and in a list below.
import type { VNode } from "preact";
import { useMemo, useRef, useState } from "preact/hooks";
import { plural } from "./amounts";
import { ExpressionInput } from "./expression-input";
import { isPickerKey, type FieldProps } from "./form-field";
import { parse, segments, wrapped } from "./json";
import { coloured, columnOf, lineOf, mended, nearest, pointerAt, readText, type Span, withExpression } from "./json-text";
import { asPlainText, load, type Slot } from "./slots";
import type { Problem } from "./types";
import { Icon, useUi } from "./ui";

/** Longer texts, in characters, are not coloured: typing must stay fast. */
const MOST_COLOURED = 100_000;
const LEAST_LINES = 3;

/** A problem in the text. */
interface Mark {
  span: Span;
  /** From 1. */
  line: number;
  severity: Problem["severity"];
  message: string;
  fix?: { title: string; change: (text: string) => string };
}

type EditorProps = Pick<FieldProps, "slot" | "pointer" | "id" | "name" | "described" | "problems" | "redraw"> & { required?: boolean };

/** The editor of `slot.raw`. Either the syntax error is shown or, in text that parses, the *problems* of the validation. */
export function JsonEditor({ slot, pointer, id, name, described, required, problems, redraw }: EditorProps) {
  const { store } = useUi();
  const takesExpressions = store.task.mayHoldExpression(pointer);
  const input = useRef<HTMLTextAreaElement>(null);
  /** The drawn lines, to be reused while neither their text nor their problems change. */
  const drawn = useRef<{ key: string; node: VNode }[]>([]);
  /** The selection in which the picker inserts a value, while the picker is open. */
  const [picking, setPicking] = useState<(Span & { slot: Slot }) | null>(null);
  const text = slot.raw!;
  const { spans, flaw } = useMemo(() => readText(text), [text]);
  const mending = useMemo(() => (flaw ? mended(text) : null), [text]);
  const write = (changed: string) => {
    slot.raw = changed;
    slot.stuck = "";
    redraw();
  };
  const ofProblem = (problem: Problem) => {
    const inside = problem.pointer.slice(pointer.length);
    return markOf(problem, text, nearest(spans, inside), spans.has(inside));
  };
  const fix = mending ? { title: mending.title, change: () => mending.text } : undefined;
  const marks: Mark[] = flaw
    ? [{ span: flaw, line: lineOf(text, flaw.from), severity: "error", message: flaw.message, fix }]
    : problems.map(ofProblem).sort((one, other) => one.line - other.line);
  const go = ({ span }: Mark) => {
    input.current!.focus();
    input.current!.setSelectionRange(span.from, span.to);
  };
  const pick = () => {
    const { selectionStart: from, selectionEnd: to } = input.current!;
    setPicking({ from, to, slot: Object.assign(load({ kind: "any" }), { fx: true }) });
  };
  const insert = (expression: string) => {
    const { from, to, text: written } = withExpression(text, picking!, wrapped(expression));
    setPicking(null);
    input.current!.focus();
    input.current!.setSelectionRange(from, to);
    // The deprecated `execCommand` is the only way to edit a text area so that the browser's undo takes it back.
    if (!document.execCommand("insertText", false, written)) write(text.slice(0, from) + written + text.slice(to));
  };
  /** A line of the coloured copy. */
  const drawLine = (line: string, index: number) => {
    const ofLine = marks.filter((mark) => mark.line === index + 1);
    const key = JSON.stringify([line, ofLine.map(({ severity, message }) => [severity, message])]);
    const before = drawn.current[index];
    if (before?.key === key) return before.node;
    const node = <Line line={line} marks={ofLine} />;
    drawn.current[index] = { key, node };
    return node;
  };
  const onKeyDown = (event: KeyboardEvent & { currentTarget: HTMLTextAreaElement }) => {
    if (isPickerKey(event) && takesExpressions) {
      event.preventDefault();
      event.stopPropagation();
      return pick();
    }
    if (event.key !== "Enter" || event.ctrlKey || event.metaKey || event.altKey) return;
    // The new line is indented as the one before, and further behind an opening bracket.
    const before = text.slice(0, event.currentTarget.selectionStart);
    const indent = /[ \t]*/.exec(before.slice(before.lastIndexOf("\n") + 1))![0];
    const deeper = /[[{]\s*$/.test(before) ? "  " : "";
    if (document.execCommand("insertText", false, `\n${indent}${deeper}`)) event.preventDefault();
  };
  const lines = text.split("\n");
  const plain = text.length > MOST_COLOURED;
  const describedIds = [described, ...marks.map((_, index) => `${id}-problem-${index}`)].filter(Boolean).join(" ") || undefined;
  const asText = slot.field.kind === "any" ? "; it is sent as text" : "";
  const flawWords = flaw ? `; it must be mended before Form or Test can read this${asText}` : "";
  return (
    <>
      <div class="json-box">
        <div class="json-text">
          <pre aria-hidden="true" class={plain ? "plain" : ""}>{plain ? text : lines.map(drawLine)}</pre>
          <textarea
            ref={input} id={id} class="code" wrap="off" spellcheck={false} autocomplete="off"
            rows={Math.max(LEAST_LINES, lines.length)} value={text}
            aria-label={`${name} as JSON`} aria-required={required ? "true" : undefined} aria-describedby={describedIds}
            onInput={(event) => write(event.currentTarget.value)} onKeyDown={onKeyDown}
          />
        </div>
      </div>
      <div class="row under">
        <span class="muted grow" role="status">{marks.length ? `${plural(marks.length, "problem")}${flawWords}` : ""}</span>
        {slot.field.kind === "any" && !slot.field.raw && (
          <button class="link" onClick={() => { asPlainText(slot); redraw(); }}>Send it as text</button>
        )}
        {takesExpressions && <button class="quiet" title="Insert a value at the cursor (Alt E)" onClick={pick}>Insert value</button>}
        <button class="quiet" disabled={!!flaw} onClick={() => write(JSON.stringify(parse(text || "null"), null, 2))}>Format</button>
      </div>
      {picking && (
        <div onKeyDown={(event) => {
          if (event.key !== "Escape") return;
          event.stopPropagation();
          setPicking(null);
          input.current!.focus();
        }}>
          <ExpressionInput
            key={`${picking.from}-${picking.to}`} slot={picking.slot} pointer={pointer + pointerAt(spans, picking.from)}
            name={`${name} at the cursor`} redraw={redraw}
            control={{ id: `${id}-insert`, "aria-label": `Value for ${name} at the cursor` }}
            asked="picker" ask={() => {}} onTake={insert}
          />
        </div>
      )}
      {slot.stuck && (
        <div class="row under">
          <span class="problem warning" role="status"><Icon name="alert" />{slot.stuck}</span>
          {slot.field.kind !== "any" && (
            <button class="link" onClick={() => { slot.raw = null; slot.as = slot.stuck = ""; redraw(); }}>Empty it and use the form</button>
          )}
        </div>
      )}
      {marks.length > 0 && (
        <ul class="json-problems">
          {marks.map((mark, index) => (
            <li key={index} id={`${id}-problem-${index}`} class={`problem ${mark.severity}`}>
              <Icon name="alert" />
              <button class="link" onClick={() => go(mark)}>Line {mark.line}{flaw ? `, column ${columnOf(text, mark.span.from)}` : ""}</button>
              <span class="grow">{mark.message}</span>
              {mark.fix && <button onClick={() => { write(mark.fix!.change(text)); input.current!.focus(); }}>{mark.fix.title}</button>}
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

/** A line of the coloured copy; a line with problems shows the first of them at its end. */
function Line({ line, marks }: { line: string; marks: Mark[] }) {
  return (
    <span class={marks.length ? `line ${marks[0]!.severity}` : "line"}>
      {coloured(line).map(([part, kind]) => (kind ? <span class={kind}>{part}</span> : part))}
      {marks.length > 0 && <span class="remark">{marks[0]!.message}</span>}
      {"\n"}
    </span>
  );
}

/**
 * *problem* as a mark at *span* of *text*. *exact*: the span is the value that the problem is about, not one around it.
 * A suggestion for a misspelt name of a member becomes a fix that renames the member.
 */
function markOf(problem: Problem, text: string, span: Span, exact: boolean): Mark {
  const { suggestion, severity } = problem;
  const name = JSON.stringify(segments(problem.pointer).at(-1) ?? "");
  const renames = suggestion !== undefined && exact && text.startsWith(name, span.from);
  const rename = (json: string) => json.slice(0, span.from) + JSON.stringify(suggestion) + json.slice(span.from + name.length);
  const lineEnd = text.indexOf("\n", span.from);
  return {
    span: { from: span.from, to: Math.min(span.to, lineEnd < 0 ? text.length : lineEnd) },
    line: lineOf(text, span.from),
    severity,
    message: problem.message,
    fix: renames ? { title: `Use ${suggestion}`, change: rename } : undefined,
  };
}
