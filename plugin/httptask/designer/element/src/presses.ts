// A press counts, even where what was pressed moves away before the pointer is let go.
const PRESSED = "button, [role=option], [role=treeitem], summary, a[href]";
const STEADY_PX = 8;

/**
 * Send the click that a browser drops: it sends none when the results of a search, or a problem under the field that was
 * left, push the pressed control from under a pointer that rests. Whoever drags the pointer off still changes their mind
 * (WCAG 2.2, 2.5.2).
 */
export function keepPresses(root: ShadowRoot): void {
  root.addEventListener("mousedown", (down) => {
    if (!(down instanceof MouseEvent) || down.button) return;
    const pressed = (down.target as Element).closest<HTMLElement>(PRESSED);
    if (!pressed) return;
    const released = (up: MouseEvent): void => {
      const steady = Math.hypot(up.clientX - down.clientX, up.clientY - down.clientY) < STEADY_PX;
      if (steady && pressed.isConnected && !up.composedPath().includes(pressed)) pressed.click();
    };
    addEventListener("mouseup", released, { once: true });
  });
}
