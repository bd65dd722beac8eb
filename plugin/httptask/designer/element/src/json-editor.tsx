// JSON as text: a text area over a coloured copy of itself, what is wrong on its line, and the list of it below.
import type { VNode } from "preact";
import { useMemo, useRef, useState } from "preact/hooks";
import { plural } from "./amounts";
import { ExpressionInput } from "./expression-input";
import { isPickerKey, type Place } from "./field-place";
import { parse, segments, wrapped } from "./json";
import { coloured, columnOf, lineOf, mended, nearest, pointerAt, readText, type Span, withExpression } from "./json-text";
import { asPlainText, load, type Slot } from "./slots";
import type { Problem } from "./types";
import { Icon, useUi } from "./ui";

/** Longer text stands there without colours, so that keys stay quick. */
const MOST_COLOURED = 100_000;
const LEAST_LINES = 3;

interface Mark {
  span: Span;
  line: number;
  severity: Problem["severity"];
  message: string;
  fix?: { title: string; change: (text: string) => string };
}

export function JsonEditor({ slot, pointer, id, name, described, required, problems, redraw }: Pick<Place, "slot" | "pointer" | "id" | "name" | "described" | "problems" | "redraw"> & { required?: boolean }) {
  const { store } = useUi();
  const takes = store.task.mayHoldExpression(pointer);
  const input = useRef<HTMLTextAreaElement>(null);
  const drawn = useRef<{ key: string; node: VNode }[]>([]);
  const [picking, setPicking] = useState<(Span & { slot: Slot }) | null>(null);
  const text = slot.raw!;
  const { places, flaw } = useMemo(() => readText(text), [text]);
  const mending = useMemo(() => (flaw ? mended(text) : null), [text]);
  const write = (changed: string) => {
    slot.raw = changed;
    slot.stuck = "";
    redraw();
  };
  const marks: Mark[] = flaw
    ? [{ span: flaw, line: lineOf(text, flaw.from), severity: "error", message: flaw.message, fix: mending ? { title: mending.title, change: () => mending.text } : undefined }]
    : problems.map((problem) => markOf(problem, text, nearest(places, problem.pointer.slice(pointer.length)), places.has(problem.pointer.slice(pointer.length)), store.named)).sort((one, other) => one.line - other.line);
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
    // Where the browser can, so that its undo takes it back.
    if (!document.execCommand("insertText", false, written)) write(text.slice(0, from) + written + text.slice(to));
  };
  const lines = text.split("\n");
  const plain = text.length > MOST_COLOURED;
  return (
    <>
      <div class="json-box">
        <div class="json-text">
          <pre aria-hidden="true" class={plain ? "plain" : ""}>{plain ? text : lines.map((line, index) => {
            const here = marks.filter((mark) => mark.line === index + 1);
            const key = JSON.stringify([line, here.map(({ severity, message }) => [severity, message])]);
            const known = drawn.current[index];
            if (known?.key === key) return known.node;
            const node = <Line line={line} marks={here} />;
            drawn.current[index] = { key, node };
            return node;
          })}</pre>
          <textarea
            ref={input} id={id} class="code" wrap="off" spellcheck={false} autocomplete="off" rows={Math.max(LEAST_LINES, lines.length)} value={text}
            aria-label={`${name} as JSON`} aria-required={required ? "true" : undefined}
            aria-describedby={[described, ...marks.map((_, index) => `${id}-problem-${index}`)].filter(Boolean).join(" ") || undefined}
            onInput={(event) => write(event.currentTarget.value)}
            onKeyDown={(event) => {
              if (isPickerKey(event) && takes) {
                event.preventDefault();
                event.stopPropagation();
                return pick();
              }
              if (event.key !== "Enter" || event.ctrlKey || event.metaKey || event.altKey) return;
              const before = text.slice(0, event.currentTarget.selectionStart);
              const indent = /[ \t]*/.exec(before.slice(before.lastIndexOf("\n") + 1))![0];
              if (document.execCommand("insertText", false, `\n${indent}${/[[{]\s*$/.test(before) ? "  " : ""}`)) event.preventDefault();
            }}
          />
        </div>
      </div>
      <div class="row under">
        <span class="muted grow" role="status">{marks.length ? `${plural(marks.length, "problem")}${flaw ? `; it must be mended before Form or Test can read this${slot.field.kind === "any" ? "; it is sent as text" : ""}` : ""}` : ""}</span>
        {slot.field.kind === "any" && !slot.field.raw && <button class="link" onClick={() => { asPlainText(slot); redraw(); }}>Send it as text</button>}
        {takes && <button class="quiet" title="Insert a value at the cursor (Alt E)" onClick={pick}>Insert value</button>}
        <button class="quiet" disabled={!!flaw} onClick={() => write(JSON.stringify(parse(text || "null"), null, 2))}>Format</button>
      </div>
      {picking && (
        <div onKeyDown={(event) => { if (event.key === "Escape") { event.stopPropagation(); setPicking(null); input.current!.focus(); } }}>
          <ExpressionInput
            key={`${picking.from}-${picking.to}`} slot={picking.slot} pointer={pointer + pointerAt(places, picking.from)} name={`${name} at the cursor`} redraw={redraw}
            control={{ id: `${id}-insert`, "aria-label": `Value for ${name} at the cursor` }} asked="picker" ask={() => {}} onTake={insert}
          />
        </div>
      )}
      {slot.stuck && (
        <div class="row under">
          <span class="problem warning" role="status"><Icon name="alert" />{slot.stuck}</span>
          {slot.field.kind !== "any" && <button class="link" onClick={() => { slot.raw = null; slot.as = slot.stuck = ""; redraw(); }}>Empty it and use the form</button>}
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

function Line({ line, marks }: { line: string; marks: Mark[] }) {
  return (
    <span class={marks.length ? `line ${marks[0]!.severity}` : "line"}>
      {coloured(line).map(([part, kind]) => (kind ? <span class={kind}>{part}</span> : part))}
      {marks.length > 0 && <span class="remark">{marks[0]!.message}</span>}
      {"\n"}
    </span>
  );
}

/** *problem* of a value of *text*, which stands at *span*, or somewhere in it where it is not *exact*. */
function markOf(problem: Problem, text: string, span: Span, exact: boolean, named: (text: string) => string): Mark {
  const { suggestion, severity } = problem;
  const own = JSON.stringify(segments(problem.pointer).at(-1) ?? "");
  const renames = suggestion !== undefined && exact && text.startsWith(own, span.from);
  const end = text.indexOf("\n", span.from);
  return {
    span: { from: span.from, to: Math.min(span.to, end < 0 ? text.length : end) }, line: lineOf(text, span.from), severity,
    message: named(problem.message),
    fix: renames ? { title: `Use ${suggestion}`, change: (now) => now.slice(0, span.from) + JSON.stringify(suggestion) + now.slice(span.from + own.length) } : undefined,
  };
}
