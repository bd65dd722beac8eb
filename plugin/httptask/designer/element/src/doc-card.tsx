// A card beside the form with the documentation of one row.
import { useLayoutEffect, useRef } from "preact/hooks";

/** Between the card and what is around it, in px. */
const MARGIN = 8;
/** The least and the largest width of a card beside the settings, in px. */
const [NARROWEST, WIDEST] = [200, 320];

/**
 * The documentation of the form's *row*, in a popover over the list of tasks: it covers neither the settings nor the response. If the list is too
 * narrow, the popover lies in the form, at the end that is further from *row*.
 */
export function DocCard({ row }: { row: Element }) {
  const card = useRef<HTMLDivElement>(null);
  const find = (selector: string) => row.querySelector(selector);
  useLayoutEffect(() => {
    const element = card.current!;
    const form = row.closest(".settings")!;
    const settings = form.getBoundingClientRect();
    const pane = form.parentElement!.getBoundingClientRect();
    const { top, bottom } = row.getBoundingClientRect();
    const room = settings.left - (row.getRootNode() as ShadowRoot).host.getBoundingClientRect().left - 2 * MARGIN;
    const isBeside = room >= NARROWEST;
    element.style.width = `${isBeside ? Math.min(WIDEST, room) : settings.width}px`;
    element.showPopover();
    const { width, height } = element.getBoundingClientRect();
    const lowest = Math.min(pane.bottom, innerHeight) - height - MARGIN;
    const beside = Math.max(MARGIN, Math.min(top, lowest));
    const apart = lowest >= bottom ? lowest : Math.max(pane.top, 0) + MARGIN;
    element.style.left = `${isBeside ? settings.left - MARGIN - width : settings.left}px`;
    element.style.top = `${isBeside ? beside : apart}px`;
    const hide = () => element.hidePopover(); // its row moves
    addEventListener("resize", hide);
    form.parentElement!.addEventListener("scroll", hide);
    return () => {
      removeEventListener("resize", hide);
      form.parentElement!.removeEventListener("scroll", hide);
    };
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
