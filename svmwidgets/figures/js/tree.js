// An HTML tree with keys, badges and one selected node.
import { make, makeBadge, makeRoot } from "./dom.js";

function render({ model, el }) {
  const root = makeRoot(el, "svm-tree", model);
  const list = make("div", { role: "tree", class: "svm-tree-list" });
  root.append(list);

  const save = (key, value) => {
    model.set(key, value);
    model.save_changes();
  };

  function depths(nodes) {
    const depth = new Map();
    for (const n of nodes) depth.set(n.key, n.parent ? (depth.get(n.parent) ?? 0) + 1 : 0);
    return depth;
  }

  /** Nodes none of whose ancestors is closed, in tree order. */
  function visibleNodes(nodes, closed) {
    const children = new Map();
    for (const n of nodes) {
      const key = n.parent || "";
      if (!children.has(key)) children.set(key, []);
      children.get(key).push(n);
    }
    const found = [];
    const visit = (key) => {
      for (const n of children.get(key) || []) {
        found.push(n);
        if (!closed.has(n.key)) visit(n.key);
      }
    };
    visit("");
    return { found, children };
  }

  function draw() {
    const hadFocus = list.contains(document.activeElement);
    const nodes = model.get("nodes");
    const closed = new Set(model.get("closed"));
    const selected = model.get("selected");
    const depth = depths(nodes);
    const { found, children } = visibleNodes(nodes, closed);
    list.setAttribute("aria-label", model.get("label"));
    list.style.maxHeight = model.get("height") || "none";
    list.replaceChildren(
      ...found.map((n) => {
        const isParent = children.has(n.key);
        return make(
          "div",
          {
            role: "treeitem", class: "svm-node", "data-key": n.key, "data-kind": n.kind || null,
            tabindex: n.key === selected ? "0" : "-1", title: n.tooltip || null,
            "aria-level": String(depth.get(n.key) + 1), "aria-selected": String(n.key === selected),
            "aria-expanded": isParent ? String(!closed.has(n.key)) : null,
            style: `--depth:${depth.get(n.key)}`,
          },
          make("span", { class: "svm-twist", "aria-hidden": "true", text: isParent ? (closed.has(n.key) ? "▸" : "▾") : "" }),
          n.kind ? make("span", { class: "svm-kind", text: n.kind }) : null,
          make("span", { class: n.is_code ? "svm-name svm-code" : "svm-name", text: n.label }),
          make("span", { class: "svm-badges" }, ...n.badges.map((b) => makeBadge(b))),
          n.note ? make("span", { class: "svm-note", text: n.note }) : null,
        );
      }),
    );
    const stop = list.querySelector('[tabindex="0"]') || list.firstElementChild;
    if (stop) {
      stop.tabIndex = 0;
      if (hadFocus) stop.focus({ preventScroll: true });
    }
  }

  const toggle = (key, isClosed) => {
    const closed = model.get("closed").filter((k) => k !== key);
    save("closed", isClosed ? [...closed, key] : closed);
  };
  const isOpen = (item) => item.getAttribute("aria-expanded") === "true";

  list.addEventListener("click", (event) => {
    const item = event.target.closest(".svm-node");
    if (!item) return;
    item.focus({ preventScroll: true });
    if (event.target.closest(".svm-twist") && item.hasAttribute("aria-expanded")) toggle(item.dataset.key, isOpen(item));
    else save("selected", item.dataset.key);
  });
  list.addEventListener("keydown", (event) => {
    const item = event.target.closest(".svm-node");
    if (!item) return;
    const items = [...list.children];
    const at = items.indexOf(item);
    const go = (k) => items[Math.min(Math.max(k, 0), items.length - 1)];
    let next = { ArrowDown: go(at + 1), ArrowUp: go(at - 1), Home: items[0], End: items[items.length - 1] }[event.key];
    if (event.key === "ArrowRight") {
      if (item.getAttribute("aria-expanded") === "false") toggle(item.dataset.key, false);
      else if (isOpen(item)) next = go(at + 1);
    } else if (event.key === "ArrowLeft") {
      if (isOpen(item)) toggle(item.dataset.key, true);
      else {
        const node = model.get("nodes").find((n) => n.key === item.dataset.key);
        next = items.find((i) => i.dataset.key === node.parent);
      }
    } else if (!next && event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    if (next) {
      next.focus();
      save("selected", next.dataset.key);
    } else if (event.key === "Enter" || event.key === " ") save("selected", item.dataset.key);
  });

  model.on("change:nodes change:selected change:closed change:label change:height", draw);
  draw();
}

export default { render };
