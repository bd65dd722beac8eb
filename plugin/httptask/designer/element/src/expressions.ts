// What the expressions of the open task see, as the server has it, and what has to be written so that one sees more.
import { plainName, jsonPath, type Step } from "./expression-text";
import { answerOf } from "./endings";
import { at, parse, same, segments, type Json, wrapped } from "./json";
import { dump, load, type Slot } from "./slots";
import type { Store } from "./store";
import type { Evaluation, Scope, ScopeGroup, ScopeRequest } from "./types";
import * as flow from "./workflow";

export class Expressions {
  constructor(private readonly store: Store) {}

  /** What is sent with every question: the definition as it stands on the screen, and the samples that *text* may need. */
  body(text?: string): ScopeRequest {
    const { task, tests, workflow, environments, input } = this.store;
    const value = task.root ? task.value() : (flow.find(workflow.working, task.name!)?.task ?? {});
    const named = text === undefined ? null : JSON.stringify([text, value.inputParameters ?? "", value.forEach ?? ""]);
    const tasks = Object.fromEntries(Object.entries(tests.outputs).filter(([name]) => named === null || name === task.name || /[^\w ]/.test(name) || named.includes(name)));
    const { itemIndex } = tests;
    const body: ScopeRequest = { definition: flow.replace(workflow.working, task.name!, value), task: task.name!, inputs: { tasks, ...(itemIndex && { itemIndex }) } };
    const last = tests.answers.get(task.name!);
    const answer = last && answerOf(last);
    if (answer) body.inputs.answer = answer;
    if (environments.chosen !== null && workflow.id !== null) Object.assign(body, { environment: environments.chosen, workflow: workflow.id });
    try {
      if (input.text.trim()) body.inputs.input = parse(input.text);
    } catch {
      /* no JSON yet: without a sample */
    }
    return body;
  }

  /** The tree of what the open task's expressions see, or the one at *pointer*. */
  scope = (pointer?: string): Promise<Scope> => this.store.api.scope({ ...this.body(), pointer });

  /** The value of the expression *text* at *pointer*. */
  async evaluate(pointer: string, text: string, signal: AbortSignal): Promise<Evaluation> {
    const body = this.body(pointer.startsWith("/choices") ? undefined : text); // a condition sees the task before, and does not name it
    // An entry that has no name yet stands nowhere.
    if (typeof at(flow.find(body.definition, body.task)?.task, pointer) !== "string") return {};
    return this.store.api.evaluate({ ...body, pointer, text }, signal);
  }

  /** Changes with everything that a value depends on besides its own text. */
  get stamp(): string {
    const { task, input, environments, tests } = this.store;
    const parameters = this.parameters;
    return JSON.stringify([task.name, tests.itemIndex, input.text, environments.chosen, parameters ? (dump(parameters) ?? null) : null, [...tests.answers].map(([name, { ending }]) => name + ending.id)]);
  }

  private get parameters(): Slot | undefined {
    return this.store.task.root?.kids.find(({ field }) => field.name === "inputParameters");
  }

  /**
   * How the field at *pointer* gets to the value at *steps* of *group*: as it is, or through an input parameter of the
   * task, which is made where none has the value yet.
   */
  reach(group: Pick<ScopeGroup, "own">, steps: Step[], pointer: string): Step[] {
    if (group.own) return steps;
    const name = this.kept(jsonPath(steps), pointer);
    return name === null ? steps : [name];
  }

  /** The input parameter that yields *typed*, made for the field at *pointer* where there is none; null where none can be made. */
  kept(typed: string, pointer: string): string | null {
    const { parameters } = this;
    if (!parameters || parameters.fx || parameters.raw !== null) return null;
    const expression = wrapped(typed);
    const equal = parameters.own.find(({ slot }) => same(dump(slot), expression));
    if (equal) return equal.name;
    const base = plainName(segments(pointer).filter((part) => !/^\d+$/.test(part)).pop()!);
    const taken = new Set(parameters.own.map(({ name }) => name));
    let name = base;
    for (let count = 2; taken.has(name); count++) name = base + count;
    parameters.own.push({ name, slot: load({ kind: "any", type: "any value" }, expression as Json) });
    parameters.on = true;
    this.store.task.changed("/inputParameters");
    this.store.task.redraw();
    this.store.say(`Kept as the input parameter “${name}”.`);
    return name;
  }

  /** Write what *typed* yields, which only input parameters can name, into *slot*, the field at *pointer*. */
  wire(slot: Slot, pointer: string, typed: string): void {
    const name = this.kept(typed, pointer);
    Object.assign(slot, { fx: true, isNull: false, on: true, expr: name === null ? typed : jsonPath([name]) });
    this.store.task.changed(pointer);
  }
}
