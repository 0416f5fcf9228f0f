// The progress strip: what runs, how far, time used and left, Cancel.
import { make, makeRoot } from "./dom.js";

function clockText(seconds) {
  const s = Math.round(seconds);
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${String(s % 60).padStart(2, "0")} s`;
  return `${Math.floor(s / 3600)} h ${String(Math.floor(s / 60) % 60).padStart(2, "0")} min`;
}

function render({ model, el }) {
  const root = makeRoot(el, "svm-progress", model);
  const text = make("span", { class: "svm-progress-text", "aria-live": "polite" });
  const times = make("span", { class: "svm-progress-times" });
  const fill = make("span", { class: "svm-progress-fill" });
  const bar = make("div", { class: "svm-progress-bar", role: "progressbar", "aria-valuemin": "0", "aria-valuemax": "100" }, fill);
  let isAsked = false; // stays grey until the kernel says that nothing runs
  const cancel = make("button", {
    type: "button", class: "svm-tool svm-cancel", text: "Cancel",
    onclick: () => { isAsked = true; cancel.disabled = true; model.send({ event: "cancel" }); },
  });
  root.append(make("div", { class: "svm-progress-line" }, text, times), bar, cancel);

  function draw() {
    const percent = Math.round(100 * Math.min(1, Math.max(0, model.get("fraction"))));
    root.dataset.status = model.get("status");
    text.textContent = model.get("text");
    const [used, left] = [model.get("elapsed_s"), model.get("remaining_s")];
    const isIdle = model.get("status") === "todo" && !model.get("can_cancel");
    const pieces = isIdle ? [] : [`${percent} %`];
    root.dataset.idle = String(isIdle);
    if (used > 0) pieces.push(`${clockText(used)} used`);
    if (left >= 0 && model.get("can_cancel")) pieces.push(`about ${clockText(left)} left`);
    times.textContent = pieces.join(" · ");
    fill.style.width = `${percent}%`;
    bar.setAttribute("aria-valuenow", String(percent));
    bar.setAttribute("aria-label", model.get("label"));
    if (!model.get("can_cancel")) isAsked = false;
    cancel.disabled = isAsked || !model.get("can_cancel");
    cancel.textContent = isAsked ? "Cancelling…" : "Cancel";
  }

  model.on("change:fraction change:text change:elapsed_s change:remaining_s change:status change:can_cancel change:label", draw);
  draw();
}

export default { render };
