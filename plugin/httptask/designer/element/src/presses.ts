// Makes a press count even if the pressed control moves away before the pointer is released.
const PRESSED = "button, [role=option], [role=treeitem], summary, a[href]";
/** A pointer that moved less than this far between press and release rested. */
const STEADY_PX = 8;

/**
 * Click a control in *root* that moved away under a resting pointer. The browser sends no click when search results, or a
 * problem shown below the field just left, push the control away between press and release. Dragging the pointer off the
 * control still cancels the press (WCAG 2.2, 2.5.2).
 */
export function keepPresses(root: ShadowRoot): void {
  root.addEventListener("mousedown", (down) => {
    if (!(down instanceof MouseEvent) || down.button) return;
    const pressed = (down.target as Element).closest<HTMLElement>(PRESSED);
    if (!pressed) return;
    const released = (up: MouseEvent): void => {
      const isSteady = Math.hypot(up.clientX - down.clientX, up.clientY - down.clientY) < STEADY_PX;
      if (isSteady && pressed.isConnected && !up.composedPath().includes(pressed)) pressed.click();
    };
    addEventListener("mouseup", released, { once: true });
  });
}
