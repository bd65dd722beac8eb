/** The style sheet of the parts that are loaded later: empty until they come. */
export const panelSheet = new CSSStyleSheet();
