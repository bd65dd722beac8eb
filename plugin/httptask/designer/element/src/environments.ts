// Where test requests go: the environments next to the open definition, and the one that is chosen.
import type { Store } from "./store";
import type { Environment } from "./types";

export class Environments {
  constructor(private readonly store: Store) {}

  items: Environment[] = [];
  /** The name of the chosen one; null: requests go where the definition says. */
  chosen: string | null = null;
  private opening = 0;

  /** Learn which environments the definition *id* has, and choose the one that was chosen for it before. */
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
      /* the server is away: the test request says so */
    }
  }

  choose(name: string | null): void {
    this.chosen = name;
    this.store.drafts.storage.write("environment", name);
    this.store.validation.validateSoon(0);
    this.store.say(name === null ? "Test requests go where the definition says." : `Test requests go to the environment “${name}”.`);
  }

  get current(): Environment | undefined {
    return this.items.find(({ name }) => name === this.chosen);
  }

  /** Where a request to *url* goes, as far as it can be told: the longest server that it begins with is replaced. */
  address(url: string): string {
    const servers = Object.entries(this.current?.servers ?? {}).sort(([one], [other]) => other.length - one.length);
    for (const [server, address] of servers) {
      const base = server.replace(/\/$/, "");
      if (url === base || (url.startsWith(base) && "/?#".includes(url[base.length]!))) return address.replace(/\/$/, "") + url.slice(base.length);
    }
    return url;
  }
}
