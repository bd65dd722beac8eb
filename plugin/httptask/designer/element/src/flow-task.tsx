// A task that sends nothing: a form by its type. What it changes stands in the definition at once.
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { DecisionForm } from "./decision";
import { ParallelForm } from "./parallel";
import { Routes } from "./routes";
import { type InnerProblem, innerProblems, problemsOf } from "./task-edits";
import { TaskTitle } from "./task-title";
import type { Problem } from "./types";
import { TypeForm } from "./type-form";
import { Icon, useUi } from "./ui";
import { plural } from "./amounts";
import { WaitForm } from "./wait";
import * as flow from "./workflow";
import { WorkflowForm } from "./workflow-task";

export interface FlowForm {
  item: flow.Listed;
  /** Of this task, with pointers into it. */
  problems: Problem[];
  /** Of the tasks in it. */
  inner: InnerProblem[];
}
/** Its problems stand in its own form. */
const OF_TASK_INSIDE = /^\/branches\/[0-9]+\/tasks\//;
/** Its problems stand where the task leads. */
const OF_ROUTES = /^\/(nextTask|end|onError)(\/|$)/;
const FORMS: Partial<Record<string, (form: FlowForm) => ComponentChildren>> = {
  Decision: DecisionForm, Parallel: ParallelForm, Wait: WaitForm, Workflow: WorkflowForm,
};

export function FlowTask({ item }: { item: flow.Listed }) {
  const { store } = useUi();
  const { name, type } = item;
  const [asked, setAsked] = useState(false);
  const all = problemsOf(store.workflow.problems, name);
  const problems = all.filter(({ pointer }) => !OF_TASK_INSIDE.test(pointer));
  const count = all.filter(({ severity }) => severity === "error").length;
  const Form = FORMS[type];
  return (
    <div class="request">
      <header class="head">
        <div class="title-row">
          <TaskTitle />
        </div>
        <div class="path"><span class="kind">{type}</span> <span class="grow">{flow.summary(item)}</span>
          {count ? <button class={Form || asked ? "chip bad" : "chip todo"} title="Show them" onClick={() => setAsked(true)}>{(Form || asked) && <Icon name="alert" />}{plural(count, "problem")}</button>
            : store.workflow.unreached.has(name) ? <span class="chip bad" title="No task leads here from the start"><Icon name="alert" />never reached</span>
            : <span class="chip good">ready</span>}
        </div>
      </header>
      <div class="form">
        {Form ? <Form item={item} problems={problems} inner={innerProblems(all)} /> : <TypeForm item={item} problems={problems.filter(({ pointer }) => !OF_ROUTES.test(pointer))} asked={asked} />}
        {type !== "Terminate" && <Routes item={item} />}
      </div>
    </div>
  );
}
