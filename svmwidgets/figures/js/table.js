// A real HTML table; rows are redrawn only where they changed.
import { joinHover, make, makeBadge, makeRoot } from "./dom.js";
import { cellText, filterRows, formatNumber, sortRows } from "./rows.js";

function render({ model, el }) {
  const root = makeRoot(el, "svm-table-box", model);
  const search = make("input", {
    type: "search", class: "svm-search", placeholder: "Find", "aria-label": "Find rows that contain a text",
    oninput: () => { model.set("text_filter", search.value); model.save_changes(); },
  });
  const count = make("span", { class: "svm-count", "aria-live": "polite" });
  const bar = make("div", { class: "svm-table-bar" }, search, count);
  const head = make("thead");
  const body = make("tbody");
  const table = make("table", { class: "svm-table", role: "grid" }, head, body);
  const scroller = make("div", { class: "svm-scroll" }, table);
  const empty = make("div", { class: "svm-empty" });
  root.append(bar, scroller, empty);
  const known = new Map(); // row id -> { text, element }
  let shown = [];
  let anchor = null;

  const send = (event, row, column, value) => model.send({ event, row, column, value });

  // --- header
  function drawHead() {
    const [key, isDescending] = [model.get("sort_key"), model.get("is_descending")];
    const cells = model.get("columns").map((c) => {
      const isSorted = c.key === key;
      const text = [make("span", { text: c.label }), c.unit ? make("span", { class: "svm-unit", text: c.unit }) : null];
      const arrow = make("span", { class: "svm-arrow", "aria-hidden": "true", text: isSorted ? (isDescending ? "▾" : "▴") : "" });
      return make(
        "th",
        {
          scope: "col", class: `svm-col-${c.kind}${c.label.length + c.unit.length < 12 ? " svm-short" : ""}`, title: c.tooltip || null,
          style: c.width ? `width:${c.width}` : null,
          "aria-sort": c.is_sortable ? (isSorted ? (isDescending ? "descending" : "ascending") : "none") : null,
        },
        c.is_sortable
          ? make("button", { type: "button", class: "svm-sort", onclick: () => sortBy(c.key) }, ...text.filter(Boolean), arrow)
          : make("span", {}, ...text.filter(Boolean)),
      );
    });
    const focused = [...head.querySelectorAll("button")].indexOf(document.activeElement);
    head.replaceChildren(make("tr", {}, ...cells));
    if (focused >= 0) head.querySelectorAll("button")[focused]?.focus();
  }

  function sortBy(key) {
    const isSame = model.get("sort_key") === key;
    if (isSame && model.get("is_descending")) {
      model.set("sort_key", "");
      model.set("is_descending", false);
    } else {
      model.set("is_descending", isSame);
      model.set("sort_key", key);
    }
    model.save_changes();
  }

  // --- cells
  function cellContent(row, c) {
    const value = row[c.key];
    switch (c.kind) {
      case "toggle":
        return make("input", {
          type: "checkbox", checked: Boolean(value), "aria-label": `${c.label}: ${row.id}`,
          onchange: (e) => send("change", row.id, c.key, e.target.checked),
        });
      case "badge":
        return value ? makeBadge(value) : "";
      case "badges":
        return make("span", { class: "svm-badges" }, ...(value || []).map((b) => makeBadge(b)));
      case "choice": {
        const menu = make("select", { "aria-label": `${c.label}: ${row.id}`, onchange: (e) => send("change", row.id, c.key, e.target.value) },
          ...c.options.map((o) => make("option", { value: o, text: o })));
        menu.value = value;
        return menu;
      }
      case "action":
        return value ? make("button", { type: "button", class: "svm-tool", text: cellText(value), onclick: () => send("change", row.id, c.key, cellText(value)) }) : "";
      case "bar":
        return make("span", { class: "svm-bar", role: "img", "aria-label": `${Math.round(100 * value)} %` }, make("span", { style: `width:${100 * value}%` }));
      case "number":
        return value !== null && typeof value === "object" ? value.text : formatNumber(value, c.digits);
      default:
        return cellText(value);
    }
  }

  function makeRow(row) {
    const cells = model.get("columns").map((c) => {
      const value = row[c.key];
      const own = value !== null && typeof value === "object" && !Array.isArray(value) && c.kind !== "badge" ? value : {};
      const classes = [`svm-col-${c.kind}`, own.is_muted ? "svm-muted" : "", own.is_strong ? "svm-strong" : ""];
      return make("td", { class: classes.join(" ").trim(), title: own.tooltip || null, "data-status": own.status || null }, cellContent(row, c));
    });
    const tr = make("tr", {
      "data-row": row.id, "data-status": row._status || null, class: row._muted ? "svm-muted" : null,
      title: row._tooltip || null, tabindex: "-1",
    }, ...cells);
    return tr;
  }

  function drawBody() {
    const columns = model.get("columns");
    const rows = model.get("rows");
    shown = sortRows(filterRows(rows, columns, model.get("text_filter")), model.get("sort_key"), model.get("is_descending"));
    const active = document.activeElement;
    const focusRow = body.contains(active) ? active.closest("tr")?.dataset.row : null;
    const focusCell = focusRow !== null && active.closest("td") ? [...active.closest("tr").children].indexOf(active.closest("td")) : -1;
    const top = scroller.scrollTop;
    const elements = shown.map((row) => {
      const text = JSON.stringify(row);
      const old = known.get(row.id);
      if (old && old.text === text) return old.element;
      const element = makeRow(row);
      known.set(row.id, { text, element });
      return element;
    });
    const isSame = elements.length === body.children.length && elements.every((e, k) => body.children[k] === e);
    if (!isSame) body.replaceChildren(...elements);
    scroller.scrollTop = top;
    if (focusRow && !body.contains(document.activeElement)) {
      const tr = known.get(focusRow)?.element;
      const inner = focusCell >= 0 ? tr?.children[focusCell]?.firstElementChild : null;
      (inner || tr)?.focus({ preventScroll: true });
    }
    for (const id of [...known.keys()]) if (!rows.some((r) => r.id === id)) known.delete(id);
    count.textContent = shown.length === rows.length ? `${rows.length} row${rows.length === 1 ? "" : "s"}` : `${shown.length} of ${rows.length} rows`;
    empty.textContent = rows.length ? "No row contains that text." : model.get("empty_text");
    empty.hidden = shown.length > 0;
    scroller.hidden = rows.length === 0;
    bar.hidden = !model.get("has_filter") || rows.length === 0;
    drawSelection();
  }

  function drawSelection() {
    const chosen = new Set(model.get("selected"));
    const rows = [...body.children];
    let hasStop = false;
    for (const tr of rows) {
      const isIn = chosen.has(tr.dataset.row);
      tr.setAttribute("aria-selected", String(isIn));
      const isStop = isIn && !hasStop;
      tr.tabIndex = isStop ? 0 : -1;
      hasStop = hasStop || isStop;
    }
    if (!hasStop && rows.length) rows[0].tabIndex = 0;
  }

  function reveal() {
    const [id] = model.get("selected");
    const tr = known.get(id)?.element;
    if (!tr || !tr.isConnected || body.contains(document.activeElement)) return;
    const [top, height] = [tr.offsetTop - head.offsetHeight, tr.offsetHeight];
    if (top < scroller.scrollTop) scroller.scrollTop = top;
    else if (top + height > scroller.scrollTop + scroller.clientHeight - head.offsetHeight) {
      scroller.scrollTop = top + height - scroller.clientHeight + head.offsetHeight;
    }
  }

  // --- selection
  function choose(id, event) {
    let chosen = [id];
    const before = model.get("selected");
    if (model.get("is_multiple") && event.shiftKey && anchor) {
      const ids = shown.map((r) => r.id);
      const [a, b] = [ids.indexOf(anchor), ids.indexOf(id)].sort((p, q) => p - q);
      chosen = ids.slice(Math.max(a, 0), b + 1);
    } else if (model.get("is_multiple") && (event.ctrlKey || event.metaKey)) {
      chosen = before.includes(id) ? before.filter((one) => one !== id) : [...before, id];
      anchor = id;
    } else anchor = id;
    model.set("selected", chosen);
    model.save_changes();
  }

  body.addEventListener("click", (event) => {
    const tr = event.target.closest("tr");
    if (!tr || event.target.closest("input,select,button")) return;
    tr.focus({ preventScroll: true });
    choose(tr.dataset.row, event);
  });
  body.addEventListener("dblclick", (event) => {
    const tr = event.target.closest("tr");
    if (tr && !event.target.closest("input,select,button")) send("activate", tr.dataset.row);
  });
  body.addEventListener("keydown", (event) => {
    const tr = event.target.closest("tr");
    if (!tr || event.target.closest("select")) return;
    const rows = [...body.children];
    const at = rows.indexOf(tr);
    const goal = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1, PageDown: at + 10, PageUp: at - 10 }[event.key];
    if (goal !== undefined) {
      const next = rows[Math.min(Math.max(goal, 0), rows.length - 1)];
      next.focus();
      choose(next.dataset.row, event);
    } else if (event.target === tr && event.key === " ") {
      const box = tr.querySelector('input[type="checkbox"]');
      if (box) box.click();
      else choose(tr.dataset.row, event);
    } else if (event.target === tr && event.key === "Enter") {
      choose(tr.dataset.row, event);
      send("activate", tr.dataset.row);
    } else return;
    event.preventDefault();
  });

  // --- what the pointer is on, here and in the figures of the same group
  const hover = joinHover(model, (keys) => {
    for (const tr of body.children) tr.classList.toggle("svm-hovered", keys.includes(tr.dataset.row));
  });
  body.addEventListener("pointerover", (event) => {
    const tr = event.target.closest("tr");
    hover.tell(tr ? [tr.dataset.row] : []);
  });
  body.addEventListener("pointerleave", () => hover.tell([]));

  function drawFrame() {
    const [height, label] = [model.get("height"), model.get("label")];
    scroller.style.maxHeight = height || "none";
    table.setAttribute("aria-label", label);
    table.setAttribute("aria-multiselectable", String(model.get("is_multiple")));
    bar.hidden = !model.get("has_filter") || model.get("rows").length === 0;
    if (search.value !== model.get("text_filter")) search.value = model.get("text_filter");
  }

  const listen = (names, handler) => model.on(names.split(" ").map((n) => `change:${n}`).join(" "), handler);
  listen("columns", () => { known.clear(); drawHead(); drawBody(); });
  listen("rows empty_text", drawBody);
  listen("sort_key is_descending", () => { drawHead(); drawBody(); });
  listen("text_filter", () => { drawFrame(); drawBody(); });
  listen("selected", () => { drawSelection(); reveal(); });
  listen("height label has_filter is_multiple", drawFrame);
  drawFrame();
  drawHead();
  drawBody();
  return hover.stop;
}

export default { render };
