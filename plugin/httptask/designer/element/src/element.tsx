// <http-task-designer>: the designer as a custom element, on its own page or inside a host page.
import { render } from "preact";
import { Api } from "./api";
import { App } from "./app";
import { panelsLoaded } from "./panel-module";
import { panelSheet } from "./panel-sheet";
import { press } from "./keys";
import { keepPresses } from "./presses";
import { Store } from "./store";
import base from "./styles/base.css";
import fields from "./styles/fields.css";
import shell from "./styles/shell.css";
import { afterPaint } from "./ui";

const sheet = new CSSStyleSheet();
sheet.replaceSync(base + shell + fields);

/** The designer that was used last: it gets the shortcuts while nothing in the page has the focus. */
let last: HttpTaskDesigner | null = null;

/** The key of the chosen theme in `localStorage`. */
const THEME = "httptask-theme";
/** Remember *theme* for the next visit, where the browser allows that. */
function keepTheme(theme: string): void {
  try {
    localStorage.setItem(THEME, theme);
  } catch {
    /* forbidden: the theme has to be chosen again next time */
  }
}
function keptTheme(): string | null {
  try {
    return localStorage.getItem(THEME);
  } catch {
    return null;
  }
}

/** A page narrower than this, in px, shows one pane at a time. `shell.css` has the same number. */
const NARROW = 900;

/**
 * Attributes: `api` (address of the JSON API, default `api/v1/`), `workflow` (id), `task` (name), `theme` (`auto`, `light`, `dark`).
 * Property: `token`, sent as a bearer token. Events: `task-save` (cancelable), `workflow-saved`.
 */
export class HttpTaskDesigner extends HTMLElement {
  static readonly observedAttributes = ["api", "workflow"];
  /** The bearer token for the JSON API, if the server requires one. Not an attribute, which would be readable in the page. */
  token?: string;
  private store: Store | null = null;
  private readonly shadow = this.attachShadow({ mode: "open" });

  constructor() {
    super();
    keepPresses(this.shadow);
  }

  connectedCallback(): void {
    last ??= this;
    const theme = keptTheme();
    const isFixed = ["light", "dark"].includes(this.getAttribute("theme") ?? "");
    if ((theme === "light" || theme === "dark") && !isFixed) this.setAttribute("theme", theme);
    this.shadow.adoptedStyleSheets = [sheet, panelSheet];
    this.addEventListener("focusin", this.used);
    this.shadow.addEventListener("click", openElsewhere);
    this.shadow.addEventListener("input", this.typed);
    this.shadow.addEventListener("focusin", this.moved); // outside of the shadow root, moves inside of it fire no event
    document.addEventListener("keydown", this.onKeyDown);
    window.addEventListener("pagehide", this.keep);
    window.addEventListener("beforeunload", this.warn);
    this.begin();
    // Load the panels ahead of their first use. After a failure, the first panel that is opened tries again.
    afterPaint(() => void panelsLoaded().catch(() => {}));
  }

  disconnectedCallback(): void {
    if (last === this) last = null;
    document.removeEventListener("keydown", this.onKeyDown);
    window.removeEventListener("pagehide", this.keep);
    window.removeEventListener("beforeunload", this.warn);
    this.store?.stop();
    this.store = null;
    render(null, this.shadow);
  }

  attributeChangedCallback(): void {
    if (this.store) this.begin();
  }

  /** Start with a new store: when the element is inserted, and when the API or the workflow changes. */
  private begin(): void {
    this.store?.stop();
    const api = new Api(new URL(this.getAttribute("api") ?? "api/v1/", document.baseURI).href);
    api.token = this.token;
    const fire = (type: string, detail: unknown, cancelable = false) =>
      this.dispatchEvent(new CustomEvent(type, { detail, cancelable, bubbles: true, composed: true }));
    this.store = new Store(api, fire);
    this.store.switchTheme = this.switchTheme;
    this.store.isNarrow = () => this.clientWidth < NARROW;
    render(<App key={api.base} store={this.store} shadow={this.shadow} />, this.shadow);
    void this.store.start(this.getAttribute("workflow"), this.getAttribute("task"));
  }

  private readonly used = (): void => {
    last = this;
  };
  private readonly moved = (): void => this.store?.edits.leave();
  private readonly typed = (): void => {
    if (this.store) this.store.edits.typing = true;
  };
  private readonly keep = (): void => this.store?.drafts.keep();
  /** Have the browser ask before it closes a page with unsaved changes: a reload keeps them, a closed tab does not. */
  private readonly warn = (event: Event): void => {
    this.keep();
    if (this.store?.workflow.losesWork) event.preventDefault();
  };
  private readonly switchTheme = (): void => {
    const theme = this.getAttribute("theme") ?? "auto";
    const dark = theme === "auto" ? matchMedia("(prefers-color-scheme: dark)").matches : theme === "dark";
    const chosen = dark ? "light" : "dark";
    this.setAttribute("theme", chosen);
    keepTheme(chosen);
  };

  /** Whether the designer is the only content of the page: then it takes all shortcuts, wherever the focus is. */
  private get isAlone(): boolean {
    return [...document.body.children].every((child) => child === this || child.matches("noscript, script"));
  }

  private readonly onKeyDown = (event: KeyboardEvent): void => {
    const { store } = this;
    if (!store?.isReady || event.isComposing || event.defaultPrevented) return;
    const isInside = event.composedPath().includes(this);
    const isFree = event.target === document.body && last === this;
    if (!isInside && !(isFree && (this.isAlone || event.ctrlKey || event.metaKey))) return;
    if (press(store, event, event.composedPath()[0] as Element)) event.preventDefault();
  };
}

/** Open a link (in a description, say) in a new tab: the designer must not be left. */
function openElsewhere(event: Event): void {
  const link = (event.target as Element).closest<HTMLAnchorElement>("a[href]:not([download])");
  if (!link) return;
  link.target = "_blank";
  link.rel = "noopener noreferrer";
}

if (!customElements.get("http-task-designer")) customElements.define("http-task-designer", HttpTaskDesigner);
