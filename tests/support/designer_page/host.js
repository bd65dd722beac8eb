window.saved = [];
for (const each of document.querySelectorAll("http-task-designer")) {
  each.addEventListener("task-save", (event) => {
    window.saved.push({ id: each.id, name: event.detail.name, url: event.detail.task.httpRequest.url });
    if (each.id === "two") event.preventDefault();
  });
}
