// Order and filter of table rows.

export function cellText(value) {
  if (value === null || value === undefined) return "";
  if (Array.isArray(value)) return value.map(cellText).join(" ");
  if (typeof value === "object") return String(value.text ?? "");
  if (typeof value === "boolean") return value ? "yes" : "no";
  return String(value);
}

export function sortValue(value) {
  if (value === null || value === undefined) return null;
  if (Array.isArray(value)) return cellText(value);
  if (typeof value === "object") return value.sort ?? value.text ?? "";
  return value;
}

function compareValues(a, b) {
  if (typeof a === "number" && typeof b === "number") return a - b;
  return String(a).localeCompare(String(b), "en", { numeric: true });
}

/** Rows in order; empty and NaN values last in both directions; stable. */
export function sortRows(rows, key, isDescending) {
  if (!key) return rows.slice();
  const isEmpty = (v) => v === null || v === "" || (typeof v === "number" && Number.isNaN(v));
  return rows
    .map((row, place) => ({ row, place, value: sortValue(row[key]) }))
    .sort((p, q) => {
      const [ep, eq] = [isEmpty(p.value), isEmpty(q.value)];
      if (ep || eq) return ep - eq || p.place - q.place;
      const order = compareValues(p.value, q.value);
      return (isDescending ? -order : order) || p.place - q.place;
    })
    .map((entry) => entry.row);
}

/** Rows of which some cell contains every word of the text. */
export function filterRows(rows, columns, text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return rows;
  return rows.filter((row) => {
    const all = columns.map((c) => cellText(row[c.key])).join(" ").toLowerCase();
    return words.every((word) => all.includes(word));
  });
}

/** A number with fixed decimals and a true minus sign; a dash where unknown. */
export function formatNumber(value, digits) {
  if (value === null || value === undefined || value === "") return "–";
  if (typeof value !== "number") return String(value);
  if (!Number.isFinite(value)) return "–";
  const text = digits === null || digits === undefined ? String(value) : value.toFixed(digits);
  return text.replace(/^-(0(\.0*)?)$/, "$1").replace("-", "−");
}
