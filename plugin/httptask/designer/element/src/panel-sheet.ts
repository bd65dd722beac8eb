/** The style sheet of the parts in `panels.tsx`: empty until that module has been loaded. */
export const panelSheet = new CSSStyleSheet();
