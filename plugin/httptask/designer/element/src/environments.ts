// The environments of the open definition, and the one that test requests go to.
import type { Store } from "./store";
import type { Environment } from "./types";

/** The environments of the open definition. */
export class Environments {
  constructor(private readonly store: Store) {}

  items: Environment[] = [];
  /** The name of the chosen environment; null: requests go to the servers of the definition. */
  chosen: string | null = null;
  /** Counts calls of `open`: an answer for a definition that is not open any more is dropped. */
  private opening = 0;

  /** Load the environments of the definition *id*, and choose the one that was chosen in this tab before. */
  async open(id: string | null): Promise<void> {
    const opening = ++this.opening;
    this.items = [];
    this.chosen = null;
    if (id === null) return;
    try {
      const items = await this.store.api.environments(id);
      if (opening !== this.opening) return;
      this.items = items;
      const last = this.store.drafts.storage.read<string>("environment");
      this.chosen = items.some(({ name, broken }) => name === last && !broken) ? last : null;
      this.store.update();
    } catch {
      /* the server does not answer: the test request will report that */
    }
  }

  choose(name: string | null): void {
    this.chosen = name;
    this.store.drafts.storage.write("environment", name);
    this.store.validation.validateSoon(0);
    this.store.say(name === null
      ? "Test requests go where the definition says."
      : `Test requests go to the environment “${name}”.`);
  }

  get current(): Environment | undefined {
    return this.items.find(({ name }) => name === this.chosen);
  }

  /** The colour that marks where requests go: always red for a live environment, whatever colour its file names. */
  get colour(): string | undefined {
    return this.current?.live ? "var(--ht-bad)" : this.current?.colour;
  }

  /** The address that a request to *url* goes to in the chosen environment: the longest matching server is replaced. */
  address(url: string): string {
    const servers = Object.entries(this.current?.servers ?? {}).sort(([one], [other]) => other.length - one.length);
    for (const [server, address] of servers) {
      const base = server.replace(/\/$/, "");
      const isBelow = url.startsWith(base) && "/?#".includes(url[base.length]!);
      if (url === base || isBelow) return address.replace(/\/$/, "") + url.slice(base.length);
    }
    return url;
  }
}
