// A JSON body as a tree that is read where it is opened.
import { useLayoutEffect, useMemo, useState } from "preact/hooks";
import { inside, type Node, nodeAt } from "./scan";
import type { ComponentChildren } from "preact";
import { Icon } from "./ui";
import { child } from "./json";
import { short, summary } from "./value-list";

const AT_ONCE = 100;
const MOST_SHOWN = 400;
const MOST_LEVEL = 24;
const MOST_PREVIEWED = 3;
/** Characters of a value whose first members are read for its preview. */
const LONGEST_PREVIEWED = 20_000;

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
  /** The line stands for more items of this parent. */
  more?: string;
}
interface Opened {
  nodes: Node[];
  next: number | null;
}

/** Throws nothing: a text that is not JSON after all is said to be one. */
export function Tree({ text, label, noted, tools, onKey }: {
  text: string; label: string; noted?: Set<string>;
  /** What can be done with the line that the pointer or the keyboard is on; the keys for it return true. */
  tools?: (spot: Spot) => ComponentChildren; onKey?: (event: KeyboardEvent, spot: Spot) => boolean;
}) {
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
  const open = (id: string, node: Node, more = false) => {
    const map = new Map(opened);
    const old = map.get(id);
    if (old && !more) map.delete(id);
    else {
      const found = inside(text, node, more ? old!.next : null, AT_ONCE);
      map.set(id, { nodes: [...(old?.nodes ?? []), ...found.nodes], next: found.next });
    }
    setOpened(map);
  };
  useLayoutEffect(() => {
    setActive("");
    setTooled(null);
    if (!root?.count) return setOpened(new Map());
    const first = inside(text, root, null, AT_ONCE);
    const map = new Map<string, Opened>([["", first]]);
    // A small answer is seen at once.
    if (text.length < 4000) first.nodes.forEach((node, index) => {
      if (node.count && node.count <= 12) map.set(child("", node.key ?? index), inside(text, node, null, AT_ONCE));
    });
    setOpened(map);
  }, [text]);
  if (!root) return <p class="muted">This body cannot be shown as a tree; see Raw.</p>;

  const lines: Line[] = [];
  const list = (node: Node, id: string, name: string, level: number): void => {
    lines.push({ id, level, node, name });
    const within = opened.get(id);
    if (!within) return;
    within.nodes.forEach((kid, index) => list(kid, child(id, kid.key ?? index), kid.key ?? String(index), level + 1));
    if (within.next !== null) lines.push({ id: `${id}/…`, level: level + 1, node, name: `${node.count - within.nodes.length} more`, more: id });
  };
  list(root, "", "", 1);
  const index = Math.max(0, lines.findIndex(({ id }) => id === active));

  const act = (line: Line) => {
    if (line.more !== undefined) open(line.more, line.node!, true);
    else if (line.node!.count) open(line.id, line.node!);
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
    <div class="tree" role="tree" aria-label={label} onKeyDown={onKeyDown}>
      {lines.map((line, place) => {
        const { node, level, id } = line;
        const folds = line.more === undefined && !!node!.count;
        return (
          <div
            key={id} role="treeitem" aria-level={level} aria-expanded={folds ? opened.has(id) : undefined} aria-selected={place === index}
            tabIndex={place === index ? 0 : -1} class={noted?.has(id) ? "noted" : ""} style={{ paddingLeft: `${Math.min(level, MOST_LEVEL) * 14 - 8}px` }}
            onClick={() => { setActive(id); act(line); }} onMouseEnter={near(line)} onFocus={near(line)}
          >
            {folds ? <span class={opened.has(id) ? "fold open" : "fold"}><Icon name="right" /></span> : <span class="fold" />}
            {line.more !== undefined ? <span class="more">{line.name} …</span> : (
              <>
                {line.name !== "" && <><span class="key">{line.name.slice(0, MOST_SHOWN)}</span><span class="muted">: </span></>}
                <Value text={text} node={node!} open={opened.has(id)} />
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

function Value({ text, node, open }: { text: string; node: Node; open: boolean }) {
  const length = node.end - node.start;
  if (node.kind === "{" || node.kind === "[") return <span class="muted">{summary(node.kind, node.count, open ? [] : members(text, node))}</span>;
  const shown = letters(text.slice(node.start, Math.min(node.end, node.start + MOST_SHOWN)));
  const kind = node.kind === '"' ? "string" : /^[tf]/.test(shown) ? "boolean" : shown === "null" ? "null" : "number";
  return <span class={`value ${kind}`}>{shown}{length > MOST_SHOWN && <span class="muted"> … {(length - MOST_SHOWN).toLocaleString("en")} more characters</span>}</span>;
}
