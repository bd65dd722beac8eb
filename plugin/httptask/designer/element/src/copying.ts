// Copying to the clipboard.
import { failureOf } from "./api";
import { MASK } from "./json";
import { withoutSecrets } from "./secrets";
import type { Store } from "./store";

export const LANGUAGES = { curl: "a curl command", httpie: "an HTTPie command", python: "Python", javascript: "JavaScript", go: "Go" };

export class Copying {
  constructor(private readonly store: Store) {}

  /** Copy the open task with its secrets masked: as JSON, or its request as code. */
  async task(what: "json" | keyof typeof LANGUAGES): Promise<void> {
    this.store.task.settled();
    const masked = withoutSecrets(this.store.task.value(), this.store.task.secretsHere(), MASK).value;
    try {
      if (what === "json") return await this.text("The task as JSON", JSON.stringify(masked, null, 2));
      const draft = this.store.tests.draft();
      if (draft) await this.text(`The request as ${LANGUAGES[what]}`, await this.store.api.code({ ...draft, task: masked }, what));
    } catch (error) {
      const failure = failureOf(error);
      if (failure.problems) this.store.validation.report(failure.problems);
      this.store.notice = { ...failure, title: `Not copied: ${failure.title}` };
      this.store.update();
    }
  }

  /** *shown* is what the page may show where the browser does not let it copy. */
  async text(title: string, text: string, shown = text): Promise<void> {
    try {
      await navigator.clipboard.writeText(text);
      this.store.say(`${title}: copied.`);
    } catch {
      this.store.notice = { title: `The browser does not let this page copy. ${title}:`, detail: shown };
      this.store.update();
    }
  }
}
