// The documentation of a row of the form, beside the form.
import { useLayoutEffect, useRef } from "preact/hooks";

const MARGIN = 8;

/** What *row* says of itself, on top of everything, beside the settings; nothing where there is no room. */
export function DocCard({ row }: { row: Element }) {
  const card = useRef<HTMLDivElement>(null);
  const find = (selector: string) => row.querySelector(selector);
  useLayoutEffect(() => {
    const element = card.current!;
    const { right } = row.closest(".settings")!.getBoundingClientRect();
    const { top } = row.getBoundingClientRect();
    element.showPopover();
    const { width, height } = element.getBoundingClientRect();
    if (!width || right + MARGIN + width > innerWidth) return element.hidePopover();
    element.style.left = `${right + MARGIN}px`;
    element.style.top = `${Math.max(MARGIN, Math.min(top, innerHeight - height - MARGIN))}px`;
  }, [row]);
  return (
    <div class="doc-card" ref={card} popover="manual" aria-hidden="true">
      <div class="row between"><code>{find(".name")?.textContent}</code><span class="type">{find(".type")?.textContent}</span></div>
      {/* The hint of the row: sanitised by the server, as every description. */}
      <div dangerouslySetInnerHTML={{ __html: find(":scope > .hint")!.innerHTML }} />
    </div>
  );
}
