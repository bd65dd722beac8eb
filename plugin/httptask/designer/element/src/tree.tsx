// A JSON text as a tree. The members of a value are read when it is opened, so that a large text is shown at once.
import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { finder } from "./find";
import { inside, type Node, nodeAt, startOf, wayTo } from "./scan";
import type { ComponentChildren } from "preact";
import { Icon, Marked } from "./ui";
import { child } from "./json";
import { short, summary } from "./value-list";

/** Members or items read at a time. */
const AT_ONCE = 100;
/** Characters of a scalar or a name that are shown at first. */
const MOST_SHOWN = 400;
/** Deeper levels are not indented any further. */
const MOST_LEVEL = 24;
const MOST_PREVIEWED = 3;
/** A closed value of more characters has no preview of its members. */
const LONGEST_PREVIEWED = 20_000;
/** Characters of a scalar that are shown after "show all". */
const MOST_WHOLE = 50_000;
/** A text of fewer characters is shown with its small values opened. */
const SMALL_TEXT = 4000;
const SMALL_COUNT = 12;

/** A value in a JSON text. */
export interface Spot {
  /** A JSON Pointer. */
  pointer: string;
  node: Node;
}
interface Line {
  /** The JSON Pointer of the value; for a line with `more`, that of its parent and a sign. */
  id: string;
  level: number;
  node: Node | null;
  /** The name of a member, or the index of an item. */
  name: string;
  /** The line stands for further members of the parent with this pointer: behind those that are shown, or `before` them. */
  more?: string;
  before?: boolean;
}
/** The members of an opened value that are shown, beginning with the index `first`; `next` is the offset to read on from. */
interface Opened {
  first: number;
  nodes: Node[];
  next: number | null;
}
/** A remark at a value: that it differs from the description, or from a compared response. */
export interface Mark {
  text: string;
  kind: "differs" | "compared";
}
/** A place in the text to scroll to; the values around it are opened. */
export interface Wanted {
  offset: number;
}

/** The tree of *text*, or a sentence if *text* is not JSON. */
export function Tree({ text, label, marks, wanted, query, seeking, tools, onKey }: {
  text: string; label: string;
  /** By JSON Pointer. */
  marks?: Map<string, Mark[]>;
  /** The place to scroll to; a new object each time. */
  wanted?: Wanted | null;
  /** The text that is searched for, to be marked. */
  query?: string;
  /** The current line is highlighted, because a search led there. */
  seeking?: boolean;
  /** The tools for the line under the pointer or with the keyboard focus. */
  tools?: (spot: Spot) => ComponentChildren;
  /** Handles the keys of the tools; returns true for a key that it handled. */
  onKey?: (event: KeyboardEvent, spot: Spot) => boolean;
}) {
  const box = useRef<HTMLDivElement>(null);
  /** The lines whose scalar is shown whole. */
  const [whole, setWhole] = useState(new Set<string>());
  const matcher = useMemo(() => (query ? finder(query) : null), [query]);
  /** The line with the tools, and its distance from the top. */
  const [tooled, setTooled] = useState<{ line: Line; top: number } | null>(null);
  const [opened, setOpened] = useState<Map<string, Opened>>(new Map());
  const [active, setActive] = useState("");
  const root = useMemo(() => {
    try {
      return nodeAt(text, 0);
    } catch {
      return null;
    }
  }, [text]);
  /** Open or close the value *id*, or show more of its members. */
  const toggle = (id: string, node: Node, more?: "before" | "behind") => {
    const map = new Map(opened);
    const shown = map.get(id);
    if (shown && !more) map.delete(id);
    else if (more === "before") {
      const first = Math.max(0, shown!.first - AT_ONCE);
      const { nodes } = inside(text, node, startOf(text, node, first), shown!.first - first);
      map.set(id, { ...shown!, first, nodes: [...nodes, ...shown!.nodes] });
    } else {
      const { nodes, next } = inside(text, node, shown ? shown.next : null, AT_ONCE);
      map.set(id, { first: shown?.first ?? 0, nodes: [...(shown?.nodes ?? []), ...nodes], next });
    }
    setOpened(map);
  };
  /** Open the values around *offset*, and make the innermost one the current line. */
  const reveal = (offset: number) => {
    const map = new Map(opened);
    let [node, id] = [root!, ""];
    for (const index of wayTo(text, root!, offset)) {
      let shown = map.get(id);
      if (!shown || index < shown.first || index >= shown.first + shown.nodes.length) {
        const first = index - (index % AT_ONCE);
        shown = { first, ...inside(text, node, first ? startOf(text, node, first) : null, AT_ONCE) };
        map.set(id, shown);
      }
      node = shown.nodes[index - shown.first]!;
      id = child(id, node.key ?? index);
    }
    setOpened(map);
    setActive(id);
  };
  useLayoutEffect(() => { if (wanted && root) reveal(wanted.offset); }, [wanted]);
  useLayoutEffect(() => {
    if (wanted) box.current?.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" });
  }, [wanted, active]);
  useLayoutEffect(() => {
    setActive("");
    setTooled(null);
    if (!root?.count) return setOpened(new Map());
    const shown = { first: 0, ...inside(text, root, null, AT_ONCE) };
    const map = new Map<string, Opened>([["", shown]]);
    if (text.length < SMALL_TEXT) shown.nodes.forEach((node, index) => {
      if (!node.count || node.count > SMALL_COUNT) return;
      map.set(child("", node.key ?? index), { first: 0, ...inside(text, node, null, AT_ONCE) });
    });
    setOpened(map);
  }, [text]);
  if (!root) return <p class="muted">This body cannot be shown as a tree; see Raw.</p>;

  const lines: Line[] = [];
  /** Add the lines for *node* and its shown members. */
  const list = (node: Node, id: string, name: string, level: number): void => {
    lines.push({ id, level, node, name });
    const shown = opened.get(id);
    if (!shown) return;
    const { first, nodes, next } = shown;
    if (first) lines.push({ id: `${id}/‹`, level: level + 1, node, name: `${first} before`, more: id, before: true });
    nodes.forEach((kid, index) => {
      const key = kid.key ?? String(first + index);
      list(kid, child(id, key), key, level + 1);
    });
    const rest = node.count - first - nodes.length;
    if (next !== null && rest > 0) lines.push({ id: `${id}/…`, level: level + 1, node, name: `${rest} more`, more: id });
  };
  list(root, "", "", 1);
  const index = Math.max(0, lines.findIndex(({ id }) => id === active));

  /** Open, close or lengthen *line*, as a click does. */
  const act = (line: Line) => {
    if (line.more !== undefined) toggle(line.more, line.node!, line.before ? "before" : "behind");
    else if (line.node!.count) toggle(line.id, line.node!);
    else if (isLong(line.node!)) {
      const changed = new Set(whole);
      if (!changed.delete(line.id)) changed.add(line.id);
      setWhole(changed);
    }
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const line = lines[index]!;
    if (line.more === undefined && onKey?.(event, { pointer: line.id, node: line.node! })) return event.preventDefault();
    const isOpen = opened.has(line.id);
    let to = index;
    if (event.key === "ArrowDown") to = index + 1;
    else if (event.key === "ArrowUp") to = index - 1;
    else if (event.key === "Home") to = 0;
    else if (event.key === "End") to = lines.length - 1;
    else if (event.key === "ArrowRight") isOpen ? (to = index + 1) : act(line);
    else if (event.key === "ArrowLeft") {
      if (isOpen) toggle(line.id, line.node!);
      else while (to > 0 && lines[to]!.level >= line.level) to--; // to the parent's line
    } else if ((event.key === "Enter" && !event.ctrlKey && !event.metaKey) || event.key === " ") act(line);
    else return;
    event.preventDefault();
    to = Math.max(0, Math.min(lines.length - 1, to));
    setActive(lines[to]!.id);
    const target = (event.currentTarget as HTMLElement).children[to] as HTMLElement | undefined;
    target?.scrollIntoView({ block: "nearest" });
    target?.focus();
  };
  const showTools = (line: Line) => (event: Event) => setTooled({ line, top: (event.currentTarget as HTMLElement).offsetTop });
  const markClasses = (id: string): string =>
    [...new Set(marks?.get(id)?.map(({ kind }) => (kind === "differs" ? "noted" : "compared")))].join(" ");
  return (
    <div class="tree-box" onMouseLeave={() => setTooled(null)}>
    <div class={seeking ? "tree seeking" : "tree"} role="tree" aria-label={label} onKeyDown={onKeyDown} ref={box}>
      {lines.map((line, lineIndex) => {
        const { node, level, id } = line;
        const folds = line.more === undefined && !!node!.count;
        return (
          <div
            key={id} role="treeitem" aria-level={level} aria-expanded={folds ? opened.has(id) : undefined}
            aria-selected={lineIndex === index} tabIndex={lineIndex === index ? 0 : -1} class={markClasses(id)}
            style={{ paddingLeft: `${Math.min(level, MOST_LEVEL) * 14 - 8}px` }}
            onClick={() => { setActive(id); act(line); }} onMouseEnter={showTools(line)} onFocus={showTools(line)}
          >
            {folds ? <span class={opened.has(id) ? "fold open" : "fold"}><Icon name="right" /></span> : <span class="fold" />}
            {line.more !== undefined ? <span class="more">{line.name} …</span> : (
              <>
                {line.name !== "" && (
                  <>
                    <span class="key"><Hits text={line.name.slice(0, MOST_SHOWN)} matcher={matcher} /></span>
                    <span class="muted">: </span>
                  </>
                )}
                <Value text={text} node={node!} open={opened.has(id)} whole={whole.has(id)} matcher={matcher} />
                {marks?.get(id)?.map(({ kind, text: message }) => (
                  <span key={message} class={`mark-${kind}`}>{kind === "compared" ? " ⇄ " : " "}{message}</span>
                ))}
              </>
            )}
          </div>
        );
      })}
    </div>
    {tools && tooled && tooled.line.more === undefined && (
      <div
        class="tree-tools" role="toolbar" aria-label={`Actions for ${tooled.line.name || "the whole body"}`}
        style={{ top: `${tooled.top}px` }}
      >
        {tools({ pointer: tooled.line.id, node: tooled.line.node! })}
      </div>
    )}
    </div>
  );
}

const isStructure = ({ kind }: Node): boolean => kind === "{" || kind === "[";

/** A preview of the first members of *node*, which is closed. */
function members(text: string, node: Node): string[] {
  if (node.end - node.start > LONGEST_PREVIEWED) return [];
  return inside(text, node, null, MOST_PREVIEWED).nodes.map((member) => {
    const { kind, count, key, start, end } = member;
    const shown = isStructure(member) ? summary(kind, count, []) : short(unescapeLetters(text.slice(start, end)));
    return key === null ? shown : `${short(key)}: ${shown}`;
  });
}

/** Undo the escapes of visible characters in *json*; quotes, backslashes and invisible characters stay escaped. */
const unescapeLetters = (json: string): string =>
  json.replace(/\\(?:u([0-9a-fA-F]{4})|.)/g, (escape, hex: string | undefined) => {
    const letter = String.fromCharCode(parseInt(hex ?? "0", 16));
    return /[\p{L}\p{M}\p{N}\p{P}\p{S}\ud800-\udfff]/u.test(letter) && !'"\\'.includes(letter) ? letter : escape;
  });

/** *text* with the first match of *matcher* marked. */
function Hits({ text, matcher }: { text: string; matcher: RegExp | null }) {
  const hit = matcher?.exec(text);
  return hit ? <Marked text={text} ranges={[[hit.index, hit.index + hit[0].length]]} /> : <>{text}</>;
}

const isLong = (node: Node): boolean => !isStructure(node) && node.end - node.start > MOST_SHOWN;

/** The type of the scalar *json*, for its colour. */
function scalarType(json: string): string {
  if (json.startsWith('"')) return "string";
  if (/^[tf]/.test(json)) return "boolean";
  return json === "null" ? "null" : "number";
}

/** A scalar, or a summary of an object or array. */
function Value({ text, node, open, whole, matcher }: {
  text: string; node: Node; open: boolean; whole: boolean; matcher: RegExp | null;
}) {
  const length = node.end - node.start;
  if (isStructure(node))
    return <span class="muted">{summary(node.kind, node.count, open ? [] : members(text, node))}</span>;
  const limit = whole ? MOST_WHOLE : MOST_SHOWN;
  const shown = unescapeLetters(text.slice(node.start, Math.min(node.end, node.start + limit)));
  return (
    <span class={`value ${scalarType(shown)}`}>
      <Hits text={whole ? shown.replace(/\\n/g, "\n") : shown} matcher={matcher} />
      {length > limit && <span class="muted"> … {(length - limit).toLocaleString("en")} more characters</span>}
      {isLong(node) && <> <button class="link" tabIndex={-1}>{whole ? "show less" : "show all"}</button></>}
    </span>
  );
}
