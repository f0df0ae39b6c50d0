/* Says what went wrong, in the one place for that. */

/* Shows an error as a sentence, with the request's id and, if it may help, a button to try again;
   null takes it away. */
export function showProblem(error, retry = null) {
  const root = document.getElementById("problem");
  root.replaceChildren();
  if (!error) return;
  const text = document.createElement("p");
  text.append(error.name === "ServiceError" ? error.message : `Something on this page failed: ${error.message}`);
  if (error.requestId) {
    const id = document.createElement("code");
    id.textContent = error.requestId;
    text.append(" Request ", id, ".");
  }
  root.append(text);
  if (retry) root.append(button("Try again", "retry", () => { showProblem(null); retry(); }));
  root.append(button("Dismiss", "dismiss", () => showProblem(null)));
}

function button(label, id, act) {
  const made = document.createElement("button");
  made.type = "button";
  made.id = id;
  made.textContent = label;
  made.addEventListener("click", act);
  return made;
}
