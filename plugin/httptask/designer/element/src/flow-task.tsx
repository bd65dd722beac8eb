// A task that sends nothing: a form by its type. What it changes stands in the definition at once.
import type { ComponentChildren } from "preact";
import { DecisionForm } from "./decision";
import { ParallelForm } from "./parallel";
import { Routes } from "./routes";
import { asShownJson } from "./secrets";
import { ANY, load } from "./slots";
import { problemsOf } from "./task-edits";
import { TaskTitle } from "./task-title";
import { TerminateForm } from "./terminate";
import type { Problem } from "./types";
import { Icon, Note, useUi } from "./ui";
import { plural } from "./amounts";
import { WaitForm } from "./wait";
import * as flow from "./workflow";
import { WorkflowForm } from "./workflow-task";

export interface FlowForm {
  item: flow.Listed;
  /** Of this task, with pointers into it. */
  problems: Problem[];
}
/** Its problems stand in its own form. */
const OF_TASK_INSIDE = /^\/branches\/[0-9]+\/tasks\//;
/** Characters of a task that nothing here edits. */
const MOST_SHOWN = 20_000;
const FORMS: Record<string, (form: FlowForm) => ComponentChildren> = {
  Decision: DecisionForm, Parallel: ParallelForm, Terminate: TerminateForm, Wait: WaitForm, Workflow: WorkflowForm,
};

export function FlowTask({ item }: { item: flow.Listed }) {
  const { store } = useUi();
  const { name, type, task } = item;
  const problems = problemsOf(store.workflow.problems, name).filter(({ pointer }) => !OF_TASK_INSIDE.test(pointer));
  const count = problems.filter(({ severity }) => severity === "error").length;
  const Form = FORMS[type];
  return (
    <div class="request">
      <header class="head">
        <div class="title-row">
          <TaskTitle />
          {count ? <span class="chip bad"><Icon name="alert" />{plural(count, "problem")}</span>
            : store.workflow.unreached.has(name) ? <span class="chip bad" title="No task leads here from the start"><Icon name="alert" />never reached</span>
            : <span class="chip good">ready</span>}
        </div>
        <div class="path"><span class="kind">{type}</span> <span class="grow">{flow.summary(item)}</span></div>
      </header>
      <div class="form">
        {Form ? <Form item={item} problems={problems} /> : (
          <>
            <Note kind="info" title={`A task of type ${type} is not edited here`} />
            <pre class="code block" tabIndex={0} aria-label="The task as JSON">{asShownJson(load(ANY, task), 2).text.slice(0, MOST_SHOWN)}</pre>
          </>
        )}
        {type !== "Terminate" && <Routes item={item} />}
      </div>
    </div>
  );
}
