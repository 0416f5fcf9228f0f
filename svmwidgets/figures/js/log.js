// The log pane: what happened, with the Python line of each action.
import { copyText, make, makeRoot } from "./dom.js";

function render({ model, el }) {
  const root = makeRoot(el, "svm-log", model);
  const title = make("button", {
    type: "button", class: "svm-fold", onclick: () => { model.set("is_open", !model.get("is_open")); model.save_changes(); },
  });
  const last = make("span", { class: "svm-log-last" });
  const copyAll = make("button", {
    type: "button", class: "svm-tool", text: "Copy as Python", title: "Copy the Python lines of all actions",
    onclick: () => copied(copyAll, [model.get("head"), ...model.get("lines").map((l) => l.code)].filter(Boolean).join("\n"), "Copy as Python"),
  });
  const list = make("ol", { class: "svm-log-lines", role: "log", tabindex: "0" });
  root.append(make("div", { class: "svm-log-head" }, title, last, copyAll), list);
  const drawn = []; // [line object, element]

  async function copied(button, text, label) {
    await copyText(text);
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = label; }, 1200);
  }

  function makeLine(line) {
    const copy = line.code
      ? make("button", { type: "button", class: "svm-copy", text: "Copy", title: `Copy: ${line.code}`, onclick: (e) => copied(e.target, line.code, "Copy") })
      : null;
    return make(
      "li",
      { "data-level": line.level },
      line.time ? make("time", { text: line.time }) : null,
      make("span", { class: "svm-log-text", text: line.text }),
      line.code ? make("code", { text: line.code }) : null,
      copy,
      line.detail ? make("details", {}, make("summary", { text: "Details" }), make("pre", { text: line.detail })) : null,
    );
  }

  function draw() {
    const lines = model.get("lines");
    const isAtEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 30;
    const texts = lines.map((l) => JSON.stringify(l));
    // Lines only leave at the front and come at the end: keep the common part.
    while (drawn.length && drawn[0].text !== texts[0]) drawn.shift().element.remove();
    if (drawn.some((d, k) => d.text !== texts[k])) drawn.splice(0).forEach((d) => d.element.remove());
    for (let k = drawn.length; k < lines.length; k++) {
      const element = makeLine(lines[k]);
      list.append(element);
      drawn.push({ text: texts[k], element });
    }
    if (isAtEnd) list.scrollTop = list.scrollHeight;
    const final = lines[lines.length - 1];
    last.textContent = final ? final.text : "";
    last.dataset.level = final ? final.level : "info";
    copyAll.disabled = !lines.some((l) => l.code);
  }

  function drawOpen() {
    const isOpen = model.get("is_open");
    title.textContent = `${isOpen ? "▾" : "▸"} ${model.get("title")}`;
    title.setAttribute("aria-expanded", String(isOpen));
    list.setAttribute("aria-label", model.get("title"));
    list.hidden = !isOpen;
    last.hidden = isOpen;
    if (isOpen) list.scrollTop = list.scrollHeight;
  }

  model.on("change:lines", draw);
  model.on("change:is_open change:title", drawOpen);
  drawOpen();
  draw();
  list.scrollTop = list.scrollHeight;
}

export default { render };
