"use strict";
// Charts as SVG, redrawn at each width so that their text keeps its size. Colors and dashes belong to `mark`s: a
// line differs from the next one by both. Text enters the page as text nodes only.

const DASHES = ["", "7 4", "2 3", "9 3 2 3"];
const MARKS = 8;

/** An HTML element; children are elements or strings. */
function el(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

function svg(tag, attributes = {}, ...children) {
  return filled(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function filled(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") node.addEventListener(name, value);
    else if (value !== null && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null));
  return node;
}

/** Three significant digits, with a true minus sign. */
function short(value) {
  if (value === null || value === undefined) return "–";
  const size = Math.abs(value);
  const text = size >= 1000 ? Math.round(size).toLocaleString("en") : String(Number(size.toPrecision(3)));
  return (value < 0 && Number(text) !== 0 ? "−" : "") + text;
}

/** Round numbers that lie in [low, high], about `count` of them. */
function ticks(low, high, count) {
  const rough = (high - low) / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((each) => each * power >= rough * 0.999);
  const found = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++) found.push(Number((i * step).toPrecision(12)));
  return found;
}

/** The range of values, a little wider; a lone value stands in its middle. */
function range([low, high], margin) {
  const room = low === high ? Math.max(Math.abs(low) * 0.1, 0.05) : (high - low) * margin;
  return [low - room, high + room];
}

function extent(values) {
  let low = Infinity, high = -Infinity;
  for (const value of values) { low = Math.min(low, value); high = Math.max(high, value); }
  return [low, high];
}

function swatch(mark, label, dashes = DASHES[mark % DASHES.length]) {
  const line = svg("line", { x1: 0, x2: 24, y1: 6, y2: 6, class: `line mark-${mark % MARKS}`, "stroke-dasharray": dashes });
  return el("span", { class: "key" }, svg("svg", { width: 24, height: 12, "aria-hidden": "true" }, line), label);
}

/** Axes with grid lines; returns the drawing and where a value lies in it. */
function axes(width, height, box) {
  const left = 46, right = 12, top = 10, bottom = box.xLabel ? 42 : 26;
  const fx = box.log ? Math.log2 : (value) => value;
  const [x0, x1] = box.x.map(fx), [y0, y1] = box.y;
  const X = (value) => left + ((fx(value) - x0) / (x1 - x0)) * (width - left - right);
  const Y = (value) => height - bottom - ((value - y0) / (y1 - y0)) * (height - top - bottom);
  const root = svg("svg", { width, height, role: "img", "aria-label": box.title });
  const rows = ticks(y0, y1, height / 40), decimals = Math.max(0, ...rows.map((tick) => (String(tick).split(".")[1] ?? "").length));
  for (const tick of rows) {
    root.append(svg("line", { x1: left, x2: width - right, y1: Y(tick), y2: Y(tick), class: "grid" }));
    root.append(svg("text", { x: left - 8, y: Y(tick) + 4, "text-anchor": "end" }, Math.abs(tick) >= 1000 ? short(tick) : tick.toFixed(decimals).replace("-", "−")));
  }
  const marks = box.xTicks ?? ticks(...box.x, (width - left) / 70).filter((tick) => !box.whole || Number.isInteger(tick));
  for (const tick of marks) root.append(svg("text", { x: X(tick), y: height - bottom + 18, "text-anchor": "middle" }, short(tick)));
  if (box.xLabel) root.append(svg("text", { x: (left + width - right) / 2, y: height - 6, "text-anchor": "middle", class: "label" }, box.xLabel));
  return { root, X, Y, left, right, top, bottom };
}

/** Draw into `host` now and whenever its width changes. */
function responsive(host, draw) {
  let last = 0;
  new ResizeObserver(() => {
    const width = Math.floor(host.clientWidth);
    if (width === last || width < 40) return;
    last = width;
    host.replaceChildren(draw(width), el("div", { class: "tip", hidden: true }));
  }).observe(host);
}

/**
 * Lines. series: [{mark, dashes, label, raw, line, band}], raw and line as [[x, y]], band as [[x, low, high]];
 * `line` is what the eye follows, `raw` what was measured. path: points run through the plane, not along x.
 */
function lineChart(host, box, series) {
  responsive(host, (width) => {
    const area = axes(width, box.height ?? 190, box);
    const { root, X, Y } = area;
    const within = (y) => Math.min(box.y[1], Math.max(box.y[0], y)); // extreme values stand at the edge
    const place = (points) => points.map(([x, y]) => `${X(x).toFixed(1)},${Y(within(y)).toFixed(1)}`).join(" ");
    for (const each of series) {
      const group = svg("g", { class: `mark-${each.mark % MARKS}` });
      if (each.band) {
        const edge = each.band.map(([x, low]) => [x, low]).concat(each.band.map(([x, , high]) => [x, high]).reverse());
        group.append(svg("polygon", { points: place(edge), class: "band" }));
      }
      if (each.line !== each.raw) {
        if (box.path) for (const [x, y] of each.raw) group.append(svg("circle", { cx: X(x), cy: Y(y), r: 2, class: "dot raw" }));
        else group.append(svg("polyline", { points: place(each.raw), class: "line raw" }));
      }
      group.append(svg("polyline", { points: place(each.line), class: "line", "stroke-dasharray": each.dashes ?? DASHES[each.mark % DASHES.length] }));
      if (box.path) {
        const [first, last] = [each.line[0], each.line.at(-1)];
        group.append(svg("circle", { cx: X(first[0]), cy: Y(first[1]), r: 5, class: "ring" }));
        group.append(svg("circle", { cx: X(last[0]), cy: Y(last[1]), r: 5.5, class: "dot" }));
      }
      if (each.raw.length <= 16) for (const [x, y] of box.path ? each.raw.slice(1, -1) : each.raw) group.append(svg("circle", { cx: X(x), cy: Y(within(y)), r: 2.6, class: "dot" }));
      root.append(group);
    }
    hover(host, root, area, box, series);
    return root;
  });
}

/** Point at a chart: the nearest point of each line at that x (or, along a path, the nearest point of all). */
function hover(host, root, { X, Y }, box, series) {
  const rule = svg("line", { y1: 10, y2: (box.height ?? 190) - 26, class: "rule", visibility: "hidden" });
  const spot = svg("circle", { r: 7, class: "spot", visibility: "hidden" });
  root.append(box.path ? spot : rule);
  const all = series.flatMap((each) => each.raw.map((point, i) => ({ each, point, i })));
  root.addEventListener("pointermove", (event) => {
    const at = root.getBoundingClientRect(), px = event.clientX - at.left, py = event.clientY - at.top;
    const far = ({ point }) => box.path ? Math.hypot(X(point[0]) - px, Y(point[1]) - py) : Math.abs(X(point[0]) - px);
    const near = all.reduce((best, next) => (far(next) < far(best) ? next : best));
    const x = near.point[0];
    const lines = box.path ? [near] : all.filter(({ point }) => point[0] === x);
    const tip = host.querySelector(".tip");
    tip.replaceChildren(
      el("b", {}, box.path ? box.tip(near.each, near.i) : `${box.unit ?? "step"} ${short(x)}`),
      ...lines.map(({ each, point }) => el("div", {}, swatch(each.mark, `${box.path ? `${each.label}: ${short(point[0])}, ` : `${each.label} `}${short(point[1])}`, each.dashes))),
    );
    showTip(tip, X(x), host.clientWidth);
    rule.setAttribute("x1", X(x)); rule.setAttribute("x2", X(x));
    spot.setAttribute("cx", X(x)); spot.setAttribute("cy", Y(near.point[1]));
    rule.setAttribute("visibility", "visible"); spot.setAttribute("visibility", "visible");
  });
  root.addEventListener("pointerleave", () => {
    host.querySelector(".tip").hidden = true;
    rule.setAttribute("visibility", "hidden"); spot.setAttribute("visibility", "hidden");
  });
}

function showTip(tip, x, width) {
  tip.hidden = false;
  tip.style.left = `${Math.max(0, Math.min(x + 12, width - tip.offsetWidth))}px`;
}

/** Columns of parts that add up. parts: [{name, points: [[x, value]]}], all with the same x; more than 60 are averaged. */
function stackChart(host, box, parts) {
  const every = Math.ceil(parts[0].points.length / 60);
  const columns = [];
  for (let i = 0; i < parts[0].points.length; i += every) {
    const mean = ({ points }) => { const some = points.slice(i, i + every); return some.reduce((sum, [, value]) => sum + value, 0) / some.length; };
    columns.push({ from: parts[0].points[i][0], to: parts[0].points[Math.min(i + every, parts[0].points.length) - 1][0], values: parts.map(mean) });
  }
  const total = ({ values }) => values.reduce((sum, value) => sum + value, 0);
  const top = Math.min(box.limit * 1.05, Math.max(...columns.map(total)) * 1.05) || 1;
  responsive(host, (width) => {
    const labels = columns.map((column, i) => (i % Math.ceil(columns.length / (width / 70)) === 0 ? i : null)).filter((i) => i !== null);
    const area = axes(width, 230, { ...box, x: [-0.5, columns.length - 0.5], y: [0, top], xTicks: [] });
    const { root, X, Y } = area, wide = Math.min(44, (X(1) - X(0)) * 0.72);
    columns.forEach((column, i) => {
      let height = 0;
      const group = svg("g", {});
      column.values.forEach((value, part) => {
        const low = Math.min(top, height), high = Math.min(top, height + value);
        group.append(svg("rect", { x: X(i) - wide / 2, width: wide, y: Y(high), height: Math.max(0, Y(low) - Y(high)), class: `part-${part}` }));
        height += value;
      });
      if (height > top) group.append(svg("text", { x: Math.max(X(i), 70), y: 8, "text-anchor": "middle" }, `↑ ${short(height)} s`));
      group.addEventListener("pointermove", () => {
        const tip = host.querySelector(".tip");
        tip.replaceChildren(
          el("b", {}, `step ${column.from === column.to ? short(column.from) : `${short(column.from)}–${short(column.to)}`}: ${short(total(column))} s`),
          ...parts.map((part, p) => el("div", { class: "key" }, el("i", { class: `box part-${p}` }), `${part.name.replaceAll("_", " ")} ${short(column.values[p])} s`)),
        );
        showTip(tip, X(i), host.clientWidth);
      });
      root.append(group);
      if (labels.includes(i)) root.append(svg("text", { x: X(i), y: 230 - 8, "text-anchor": "middle" }, short(column.from)));
    });
    root.addEventListener("pointerleave", () => { host.querySelector(".tip").hidden = true; });
    return root;
  });
}
