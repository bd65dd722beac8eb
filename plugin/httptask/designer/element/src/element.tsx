// <http-task-designer>: the designer as a custom element, for a page of its own or any host's.
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

/** The one that was used last hears the shortcuts while nothing has the focus. */
let last: HttpTaskDesigner | null = null;

const THEME = "httptask-theme";
/** Kept for the next time, where the browser allows it. */
function keepTheme(theme: string): void {
  try {
    localStorage.setItem(THEME, theme);
  } catch {
    /* forbidden: chosen anew next time */
  }
}
function keptTheme(): string | null {
  try {
    return localStorage.getItem(THEME);
  } catch {
    return null;
  }
}

/** Below it there is one part at a time, in `shell.css`, too. In px. */
const NARROW = 900;

/**
 * Attributes: `api` (address of the JSON API, default `api/v1/`), `workflow` (id), `task` (name), `theme` (`auto`, `light`, `dark`).
 * Property: `token`, sent as a bearer token. Events: `task-save` (cancelable), `workflow-saved`.
 */
export class HttpTaskDesigner extends HTMLElement {
  static readonly observedAttributes = ["api", "workflow"];
  /** For the JSON API, where it asks for one. Never an attribute: those stand in the page. */
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
    if ((theme === "light" || theme === "dark") && !["light", "dark"].includes(this.getAttribute("theme") ?? "")) this.setAttribute("theme", theme);
    this.shadow.adoptedStyleSheets = [sheet, panelSheet];
    this.addEventListener("focusin", this.used);
    this.shadow.addEventListener("click", openElsewhere);
    this.shadow.addEventListener("input", this.typed);
    this.shadow.addEventListener("focusin", this.moved); // the host hears no move inside
    document.addEventListener("keydown", this.onKeyDown);
    window.addEventListener("pagehide", this.keep);
    this.begin();
    afterPaint(() => void panelsLoaded().catch(() => {})); // whoever needs one asks again
  }

  disconnectedCallback(): void {
    if (last === this) last = null;
    document.removeEventListener("keydown", this.onKeyDown);
    window.removeEventListener("pagehide", this.keep);
    this.store?.stop();
    this.store = null;
    render(null, this.shadow);
  }

  attributeChangedCallback(): void {
    if (this.store) this.begin();
  }

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
  private readonly switchTheme = (): void => {
    const theme = this.getAttribute("theme") ?? "auto";
    const dark = theme === "auto" ? matchMedia("(prefers-color-scheme: dark)").matches : theme === "dark";
    const chosen = dark ? "light" : "dark";
    this.setAttribute("theme", chosen);
    keepTheme(chosen);
  };

  /** Whether the page is ours alone: then its keys are, too, wherever the focus is. */
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

/** A link in a description must not take the page away. */
function openElsewhere(event: Event): void {
  const link = (event.target as Element).closest<HTMLAnchorElement>("a[href]:not([download])");
  if (!link) return;
  link.target = "_blank";
  link.rel = "noopener noreferrer";
}

if (!customElements.get("http-task-designer")) customElements.define("http-task-designer", HttpTaskDesigner);
