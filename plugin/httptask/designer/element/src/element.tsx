// <http-task-designer>: the designer as a custom element, for a page of its own or any host's.
import { render } from "preact";
import { Api } from "./api";
import { App } from "./app";
import { panelsLoaded } from "./panel-module";
import { panelSheet } from "./panel-sheet";
import { keepPresses } from "./presses";
import { Store } from "./store";
import base from "./styles/base.css";
import fields from "./styles/fields.css";
import response from "./styles/response.css";
import shell from "./styles/shell.css";
import { afterPaint } from "./ui";

const sheet = new CSSStyleSheet();
sheet.replaceSync(base + shell + fields + response);

/** The one that was used last hears the shortcuts while nothing has the focus. */
let last: HttpTaskDesigner | null = null;

const TEXT_CONTROLS = "textarea, input:not([type=checkbox], [type=radio], [type=file])";

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
    render(<App key={api.base} store={this.store} shadow={this.shadow} onTheme={this.switchTheme} />, this.shadow);
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
    this.setAttribute("theme", dark ? "light" : "dark");
  };

  private readonly onKeyDown = (event: KeyboardEvent): void => {
    const ours = event.composedPath().includes(this) || (last === this && event.target === document.body);
    const { store } = this;
    if (!ours || !store || event.isComposing) return;
    const command = (event.ctrlKey || event.metaKey) && !event.altKey;
    if (command && event.shiftKey && event.key === "Enter") void store.runs.start();
    else if (command && event.key === "Enter") void store.tests.send();
    else if (command && event.key.toLowerCase() === "s") void store.saving.save();
    else if (command && /^[zy]$/i.test(event.key)) {
      if (store.edits.typing && (event.composedPath()[0] as Element).matches(TEXT_CONTROLS)) return; // the browser undoes letters
      void (event.shiftKey || event.key.toLowerCase() === "y" ? store.edits.redo() : store.edits.undo());
    }
    else if (event.key === "Escape" && store.tests.run) store.tests.cancel();
    else if (event.key === "Escape" && store.tab === "runs" && store.runs.isUnderWay) void store.runs.stop();
    else if (event.key === "Escape" && store.task.picking && store.task.name !== null) store.task.stopPicking();
    else return;
    event.preventDefault();
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
