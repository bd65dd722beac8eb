// A card beside the form with the documentation of one row.
import { useLayoutEffect, useRef } from "preact/hooks";

/** Between the card and what is around it, in px. */
const MARGIN = 8;

/** The documentation of the form's *row*, in a popover at the right of the settings; hidden where it does not fit beside them. */
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
      <div class="row between">
        <code>{find(".name")?.textContent}</code>
        <span class="type">{find(".type")?.textContent}</span>
      </div>
      {/* The row's hint is HTML that the server has sanitised. */}
      <div dangerouslySetInnerHTML={{ __html: find(":scope > .hint")!.innerHTML }} />
    </div>
  );
}
