// Ranges of the axes of a plot, and the counts of its histogram.
import { countBins, paddedRange } from "./axes.js";
import { isKept } from "./plotmarks.js";

export function rangesOf(plot, state) {
  const { panel } = plot;
  const [x, y] = [state.columns[panel.x], state.columns[panel.y]];
  const keeps = (i) => isKept(state, i);
  const anyKept = state.rejected.some((r) => !r);
  const isUsed = anyKept ? keeps : null;
  let xr = panel.x_range.length ? panel.x_range : paddedRange(x || [], panel.is_centred.includes("x"), isUsed);
  let yr = panel.y_range.length ? panel.y_range : paddedRange(y || [], panel.is_centred.includes("y"), isUsed);
  if (panel.kind === "histogram") {
    xr = plot.own ? plot.own[0] : xr;
    plot.bins = countBins(x || [], Math.min(...xr), Math.max(...xr), panel.bins, keeps);
    plot.chosen = countBins(x || [], Math.min(...xr), Math.max(...xr), panel.bins, (i) => state.selected.has(i));
    return [xr, [0, Math.max(1, ...plot.bins, ...plot.chosen) * 1.08]];
  }
  if (plot.own) return plot.own;
  return [panel.is_x_flipped ? [xr[1], xr[0]] : xr, yr];
}
