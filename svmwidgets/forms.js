// A form of parameters: one row each, grouped by section, errors beside the fields.

const KIND_INPUT = { number: "text", text: "text" };

function make(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

function makeControl(field, send) {
  if (field.kind === "switch") {
    const box = make("input", "svm-field-switch");
    box.type = "checkbox";
    box.checked = field.text === "true";
    box.addEventListener("change", () => send(box.checked ? "true" : "false"));
    return box;
  }
  if (field.kind === "choice") {
    const menu = make("select", "svm-field-choice");
    const words = field.choices.includes(field.text)
      ? field.choices
      : [field.text, ...field.choices];
    for (const word of words) {
      const option = make("option", "", word === "" ? "(empty)" : word);
      option.value = word;
      menu.append(option);
    }
    menu.value = field.text;
    menu.addEventListener("change", () => send(menu.value));
    return menu;
  }
  const input = make("input", "svm-field-text");
  input.type = KIND_INPUT[field.kind] || "text";
  if (field.kind === "number") input.inputMode = "decimal";
  input.defaultValue = field.raw ?? field.text;
  input.spellcheck = false;
  input.autocomplete = "off";
  let sent = field.raw ?? field.text;
  const submit = () => {
    if (input.value !== sent) {
      sent = input.value;
      send(sent);
    }
  };
  input.addEventListener("change", submit);
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter") {
      submit();
      event.stopPropagation();
    } else if (event.key === "Escape") {
      input.value = field.text;
      send(field.text);
      event.stopPropagation();
    }
  });
  return input;
}

function makeRow(field, post) {
  const row = make("div", "svm-field");
  row.dataset.id = field.id;
  row.classList.toggle("svm-field-changed", field.changed);
  row.classList.toggle("svm-field-inert", Boolean(field.inert));
  row.classList.toggle("svm-field-wrong", Boolean(field.error));

  const name = make("label", "svm-field-name");
  name.append(make("span", "svm-field-mark", field.changed ? "●" : ""));
  name.append(make("code", "", field.name));
  name.title = `${field.key}\n${field.meaning}`;

  const place = make("span", "svm-field-place");
  const control = makeControl(field, (text) =>
    post({ event: "change", id: field.id, text }),
  );
  control.id = `svm-${post.prefix}-${field.id}`.replace(/[^\w-]/g, "-");
  name.htmlFor = control.id;
  control.setAttribute("aria-label", `${field.key}${field.unit ? ", " + field.unit : ""}`);
  if (field.error) {
    control.setAttribute("aria-invalid", "true");
    control.setAttribute("aria-describedby", `${control.id}-error`);
  }
  place.append(control);
  if (field.unit) place.append(make("span", "svm-field-unit", field.unit));

  const revert = make("button", "svm-field-revert", "↺");
  revert.type = "button";
  revert.title = `Default: ${field.default}`;
  revert.setAttribute("aria-label", `Revert ${field.key} to ${field.default}`);
  revert.hidden = !field.changed && !field.error;
  revert.addEventListener("click", () => post({ event: "revert", id: field.id }));

  const about = make("span", "svm-field-about");
  about.append(make("span", "svm-field-meaning", field.meaning));
  const facts = make("span", "svm-field-facts");
  const rule = field.rule.replace(/\s*\[[^\]]*\]$/, "");
  if (!field.choices.length && field.kind !== "switch" && rule !== "a text") facts.append(make("span", "", rule));
  const usual = field.default === "" ? "(empty)" : field.default;
  facts.append(make("span", "svm-field-default", `default ${usual}`));
  facts.append(make("span", "svm-field-origin", field.changed ? field.origin : `from ${field.origin}`));
  if (field.inert) facts.append(make("span", "svm-field-why", `no effect: ${field.inert}`));
  about.append(facts);
  if (field.error) {
    const error = make("span", "svm-field-error", field.error);
    error.id = `${control.id}-error`;
    error.setAttribute("role", "alert");
    about.append(error);
  }
  row.append(name, place, revert, about);
  return row;
}

// A redraw while someone types must not lose what was typed.
function keepTyping(before, after) {
  const old = before.querySelector(".svm-field-text");
  const now = after.querySelector(".svm-field-text");
  if (!old || !now || document.activeElement !== old || old.value === old.defaultValue) return;
  now.value = old.value;
}

function render({ model, el }) {
  const root = make("div", "svm-form svm-parameter-form");
  root.setAttribute("role", "form");
  el.append(root);
  const rows = new Map();
  const post = (content) => model.send(content);
  post.prefix = Math.random().toString(36).slice(2, 8);

  function draw() {
    const fields = model.get("fields");
    const active = document.activeElement?.closest?.(".svm-field")?.dataset.id;
    const wanted = [];
    let section = null;
    for (const field of fields) {
      const title = field.heading;
      if (title !== section) {
        section = title;
        wanted.push(heading(title));
      }
      const text = JSON.stringify({ ...field, heading: "" });
      const known = rows.get(field.id);
      if (known && known.text === text) wanted.push(known.row);
      else {
        const row = makeRow(field, post);
        if (known) keepTyping(known.row, row);
        rows.set(field.id, { text, row });
        wanted.push(row);
      }
    }
    if (!fields.length) {
      wanted.push(make("p", "svm-form-empty", model.get("empty_text")));
    }
    root.style.maxHeight = model.get("height") || "";
    root.setAttribute("aria-label", model.get("label"));
    const scroll = root.scrollTop;
    root.dataset.rows = String(fields.length);
    const present = [...root.children];
    if (wanted.length === present.length && wanted.every((w, i) => w === present[i])) return;
    root.replaceChildren(...wanted);
    root.scrollTop = scroll;
    const again = active && rows.get(active)?.row;
    if (again?.isConnected && !again.contains(document.activeElement)) {
      again.querySelector("input, select")?.focus();
    }
  }
  function heading(title) {
    return make("h4", "svm-form-heading", title);
  }
  const redraw = () => draw();
  model.on("change:fields", redraw);
  model.on("change:height", redraw);
  draw();
  return () => {
    model.off("change:fields", redraw);
    model.off("change:height", redraw);
  };
}

export default { render };
