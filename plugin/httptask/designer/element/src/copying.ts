// Copies to the clipboard: the open task as JSON or code, and any text of the page.
import { failureOf } from "./api";
import { MASK } from "./json";
import { withoutSecrets } from "./secrets";
import type { Store } from "./store";

/** The languages that a request can be copied as, and how the page names each copy. */
export const LANGUAGES = { curl: "a curl command", httpie: "an HTTPie command", python: "Python", javascript: "JavaScript", go: "Go" };

/** The copy commands of the page. */
export class Copying {
  constructor(private readonly store: Store) {}

  /** Copy the open task as JSON, or its request as code. Secrets are masked. */
  async task(format: "json" | keyof typeof LANGUAGES): Promise<void> {
    this.store.task.settled();
    const masked = withoutSecrets(this.store.task.value(), this.store.task.secretsHere(), MASK).value;
    try {
      if (format === "json") return await this.text("The task as JSON", JSON.stringify(masked, null, 2));
      const draft = this.store.tests.draft();
      if (!draft) return; // the sample input is not JSON: `draft` has said so
      const code = await this.store.api.code({ ...draft, task: masked }, format);
      await this.text(`The request as ${LANGUAGES[format]}`, code);
    } catch (error) {
      const failure = failureOf(error);
      if (failure.problems) this.store.validation.report(failure.problems);
      this.store.notice = { ...failure, title: `Not copied: ${failure.title}` };
      this.store.update();
    }
  }

  /** Copy *text*, called *title* on the screen. Where the browser forbids copying, the page shows *shown*. */
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
