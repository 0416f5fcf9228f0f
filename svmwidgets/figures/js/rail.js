// The rail of steps: number, name, state and one line each.
import { make, makeRoot } from "./dom.js";

function render({ model, el }) {
  const root = makeRoot(el, "svm-rail", model);
  const list = make("ol", { class: "svm-steps" });
  root.append(make("nav", { "aria-label": model.get("label") }, list));

  function choose(key) {
    model.set("selected", key);
    model.save_changes();
  }

  function draw() {
    const focused = list.contains(document.activeElement) ? document.activeElement.dataset.key : null;
    const selected = model.get("selected");
    list.replaceChildren(
      ...model.get("steps").map((step, k) =>
        make(
          "li",
          {},
          make(
            "button",
            {
              type: "button", class: "svm-step", "data-key": step.key, "data-status": step.badge.status,
              "aria-current": step.key === selected ? "step" : null,
              title: `${step.name}: ${step.badge.text}${step.summary ? `, ${step.summary}` : ""}`,
              onclick: () => choose(step.key),
            },
            make("span", { class: "svm-step-top" },
              make("span", { class: "svm-step-number", text: String(k + 1) }),
              make("span", { class: "svm-step-name", text: step.name }),
              make("span", { class: "svm-glyph", "aria-hidden": "true", text: step.badge.glyph }),
            ),
            make("span", { class: "svm-step-line" },
              make("span", { class: "svm-step-state", text: step.badge.text }),
              make("span", { class: "svm-step-summary", text: step.summary }),
            ),
          ),
        ),
      ),
    );
    if (focused) list.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
  }

  list.addEventListener("keydown", (event) => {
    const steps = [...list.querySelectorAll("button")];
    const at = steps.indexOf(document.activeElement);
    const goal = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: steps.length - 1 }[event.key];
    if (goal === undefined || at < 0) return;
    event.preventDefault();
    const next = steps[Math.min(Math.max(goal, 0), steps.length - 1)];
    next.focus();
    choose(next.dataset.key);
  });

  model.on("change:steps change:selected", draw);
  draw();
}

export default { render };
