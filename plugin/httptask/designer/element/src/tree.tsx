// A JSON body as a tree that is read where it is opened.
import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { finder } from "./find";
import { inside, type Node, nodeAt, startOf, wayTo } from "./scan";
import type { ComponentChildren } from "preact";
import { Icon, Marked } from "./ui";
import { child } from "./json";
import { short, summary } from "./value-list";

const AT_ONCE = 100;
const MOST_SHOWN = 400;
const MOST_LEVEL = 24;
const MOST_PREVIEWED = 3;
/** Characters of a value whose first members are read for its preview. */
const LONGEST_PREVIEWED = 20_000;
/** Characters of a text that is shown whole. */
const MOST_WHOLE = 50_000;

/** A place in a JSON text. */
export interface Spot {
  /** A JSON Pointer. */
  pointer: string;
  node: Node;
}
interface Line {
  id: string;
  level: number;
  node: Node | null;
  /** Of an item: its place. */
  name: string;
  /** The line stands for more items of this parent, behind those that are shown or before them. */
  more?: string;
  before?: boolean;
}
/** What of an opened value is shown: some of its items, from the place `first` on. */
interface Opened {
  first: number;
  nodes: Node[];
  next: number | null;
}
/** What is said of a value: that it is not as documented, or not as before. */
export interface Mark {
  text: string;
  kind: "differs" | "compared";
}
/** A place in the text that is shown, with all that it stands in opened. */
export interface Wanted {
  offset: number;
}

/** Throws nothing: a text that is not JSON after all is said to be one. */
export function Tree({ text, label, marks, wanted, query, seeking, tools, onKey }: {
  text: string; label: string;
  /** By JSON Pointer. */
  marks?: Map<string, Mark[]>;
  /** What is to be seen now: another object each time. */
  wanted?: Wanted | null;
  /** Marked where it stands. */
  query?: string;
  /** The line that somebody was led to is seen as such. */
  seeking?: boolean;
  /** What can be done with the line that the pointer or the keyboard is on; the keys for it return true. */
  tools?: (spot: Spot) => ComponentChildren; onKey?: (event: KeyboardEvent, spot: Spot) => boolean;
}) {
  const box = useRef<HTMLDivElement>(null);
  const [whole, setWhole] = useState(new Set<string>());
  const matcher = useMemo(() => (query ? finder(query) : null), [query]);
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
  const open = (id: string, node: Node, more?: "before" | "behind") => {
    const map = new Map(opened);
    const old = map.get(id);
    if (old && !more) map.delete(id);
    else if (more === "before") {
      const first = Math.max(0, old!.first - AT_ONCE);
      map.set(id, { ...old!, first, nodes: [...inside(text, node, startOf(text, node, first), old!.first - first).nodes, ...old!.nodes] });
    } else {
      const { nodes, next } = inside(text, node, old ? old.next : null, AT_ONCE);
      map.set(id, { first: old?.first ?? 0, nodes: [...(old?.nodes ?? []), ...nodes], next });
    }
    setOpened(map);
  };
  /** Open all around the place *offset*, and go to it. */
  const reveal = (offset: number) => {
    const map = new Map(opened);
    let [node, id] = [root!, ""];
    for (const index of wayTo(text, root!, offset)) {
      let within = map.get(id);
      if (!within || index < within.first || index >= within.first + within.nodes.length) {
        const first = index - (index % AT_ONCE);
        within = { first, ...inside(text, node, first ? startOf(text, node, first) : null, AT_ONCE) };
        map.set(id, within);
      }
      node = within.nodes[index - within.first]!;
      id = child(id, node.key ?? index);
    }
    setOpened(map);
    setActive(id);
  };
  useLayoutEffect(() => { if (wanted && root) reveal(wanted.offset); }, [wanted]);
  useLayoutEffect(() => { if (wanted) box.current?.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" }); }, [wanted, active]);
  useLayoutEffect(() => {
    setActive("");
    setTooled(null);
    if (!root?.count) return setOpened(new Map());
    const first = { first: 0, ...inside(text, root, null, AT_ONCE) };
    const map = new Map<string, Opened>([["", first]]);
    // A small answer is seen at once.
    if (text.length < 4000) first.nodes.forEach((node, index) => {
      if (node.count && node.count <= 12) map.set(child("", node.key ?? index), { first: 0, ...inside(text, node, null, AT_ONCE) });
    });
    setOpened(map);
  }, [text]);
  if (!root) return <p class="muted">This body cannot be shown as a tree; see Raw.</p>;

  const lines: Line[] = [];
  const list = (node: Node, id: string, name: string, level: number): void => {
    lines.push({ id, level, node, name });
    const within = opened.get(id);
    if (!within) return;
    const { first, nodes, next } = within;
    if (first) lines.push({ id: `${id}/‹`, level: level + 1, node, name: `${first} before`, more: id, before: true });
    nodes.forEach((kid, index) => list(kid, child(id, kid.key ?? first + index), kid.key ?? String(first + index), level + 1));
    if (next !== null && first + nodes.length < node.count) lines.push({ id: `${id}/…`, level: level + 1, node, name: `${node.count - first - nodes.length} more`, more: id });
  };
  list(root, "", "", 1);
  const index = Math.max(0, lines.findIndex(({ id }) => id === active));

  const act = (line: Line) => {
    if (line.more !== undefined) open(line.more, line.node!, line.before ? "before" : "behind");
    else if (line.node!.count) open(line.id, line.node!);
    else if (isLong(line.node!)) {
      const next = new Set(whole);
      if (!next.delete(line.id)) next.add(line.id);
      setWhole(next);
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
      if (isOpen) open(line.id, line.node!);
      else while (to > 0 && lines[to]!.level >= line.level) to--;
    } else if ((event.key === "Enter" && !event.ctrlKey && !event.metaKey) || event.key === " ") act(line);
    else return;
    event.preventDefault();
    to = Math.max(0, Math.min(lines.length - 1, to));
    setActive(lines[to]!.id);
    (event.currentTarget as HTMLElement).children[to]?.scrollIntoView({ block: "nearest" });
    ((event.currentTarget as HTMLElement).children[to] as HTMLElement | undefined)?.focus();
  };
  const near = (line: Line) => (event: Event) => setTooled({ line, top: (event.currentTarget as HTMLElement).offsetTop });
  return (
    <div class="tree-box" onMouseLeave={() => setTooled(null)}>
    <div class={seeking ? "tree seeking" : "tree"} role="tree" aria-label={label} onKeyDown={onKeyDown} ref={box}>
      {lines.map((line, lineIndex) => {
        const { node, level, id } = line;
        const folds = line.more === undefined && !!node!.count;
        return (
          <div
            key={id} role="treeitem" aria-level={level} aria-expanded={folds ? opened.has(id) : undefined} aria-selected={lineIndex === index}
            tabIndex={lineIndex === index ? 0 : -1} class={[...new Set(marks?.get(id)?.map(({ kind }) => (kind === "differs" ? "noted" : "compared")))].join(" ")} style={{ paddingLeft: `${Math.min(level, MOST_LEVEL) * 14 - 8}px` }}
            onClick={() => { setActive(id); act(line); }} onMouseEnter={near(line)} onFocus={near(line)}
          >
            {folds ? <span class={opened.has(id) ? "fold open" : "fold"}><Icon name="right" /></span> : <span class="fold" />}
            {line.more !== undefined ? <span class="more">{line.name} …</span> : (
              <>
                {line.name !== "" && <><span class="key"><Hits text={line.name.slice(0, MOST_SHOWN)} matcher={matcher} /></span><span class="muted">: </span></>}
                <Value text={text} node={node!} open={opened.has(id)} whole={whole.has(id)} matcher={matcher} />
                {marks?.get(id)?.map(({ kind, text: message }) => <span key={message} class={`mark-${kind}`}>{kind === "compared" ? " ⇄ " : " "}{message}</span>)}
              </>
            )}
          </div>
        );
      })}
    </div>
    {tools && tooled && tooled.line.more === undefined && (
      <div class="tree-tools" role="toolbar" aria-label={`Actions for ${tooled.line.name || "the whole body"}`} style={{ top: `${tooled.top}px` }}>
        {tools({ pointer: tooled.line.id, node: tooled.line.node! })}
      </div>
    )}
    </div>
  );
}

/** The first members of a value that is closed. */
function members(text: string, node: Node): string[] {
  if (node.end - node.start > LONGEST_PREVIEWED) return [];
  return inside(text, node, null, MOST_PREVIEWED).nodes.map((each) => {
    const shown = each.kind === "{" || each.kind === "[" ? summary(each.kind, each.count, []) : short(letters(text.slice(each.start, each.end)));
    return each.key === null ? shown : `${short(each.key)}: ${shown}`;
  });
}

/** Letters that JSON need not escape, as themselves; what cannot be seen stays escaped. */
const letters = (json: string): string =>
  json.replace(/\\(?:u([0-9a-fA-F]{4})|.)/g, (escape, hex: string | undefined) => {
    const letter = String.fromCharCode(parseInt(hex ?? "0", 16));
    return /[\p{L}\p{M}\p{N}\p{P}\p{S}\ud800-\udfff]/u.test(letter) && !'"\\'.includes(letter) ? letter : escape;
  });

/** *text* with what was looked for marked. */
function Hits({ text, matcher }: { text: string; matcher: RegExp | null }) {
  const hit = matcher?.exec(text);
  return hit ? <Marked text={text} ranges={[[hit.index, hit.index + hit[0].length]]} /> : <>{text}</>;
}

const isLong = ({ kind, start, end }: Node): boolean => kind !== "{" && kind !== "[" && end - start > MOST_SHOWN;

function Value({ text, node, open, whole, matcher }: { text: string; node: Node; open: boolean; whole: boolean; matcher: RegExp | null }) {
  const length = node.end - node.start;
  if (node.kind === "{" || node.kind === "[") return <span class="muted">{summary(node.kind, node.count, open ? [] : members(text, node))}</span>;
  const most = whole ? MOST_WHOLE : MOST_SHOWN;
  const shown = letters(text.slice(node.start, Math.min(node.end, node.start + most)));
  const kind = node.kind === '"' ? "string" : /^[tf]/.test(shown) ? "boolean" : shown === "null" ? "null" : "number";
  return (
    <span class={`value ${kind}`}>
      <Hits text={whole ? shown.replace(/\\n/g, "\n") : shown} matcher={matcher} />
      {length > most && <span class="muted"> … {(length - most).toLocaleString("en")} more characters</span>}
      {isLong(node) && <> <button class="link" tabIndex={-1}>{whole ? "show less" : "show all"}</button></>}
    </span>
  );
}
