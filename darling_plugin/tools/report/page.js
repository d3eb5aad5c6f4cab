// The sections, from the data that the page holds.

const data = JSON.parse(document.getElementById("data").textContent);
const several = data.runs.length > 1;

function section(id, title, ...nodes) {
  const place = document.getElementById(id);
  place.hidden = false;
  place.querySelector(".body").append(...nodes);
  if (title) document.getElementById("nav").append(el("a", { href: `#${id}` }, title));
}

const figure = (title, note) => {
  const host = el("div", { class: "plot" });
  return { host, node: el("figure", {}, el("figcaption", {}, el("b", {}, title), note ? el("span", {}, note) : null), host) };
};
const legend = (runs) => el("div", { class: "legend" }, ...runs.map((i) => swatch(i, data.runs[i].name)));

const signed = (value) => (value > 0 ? "+" : "") + (Number(value.toFixed(3)) === 0 ? "0" : value.toFixed(3).replace("-", "−"));
const fixed = ({ mean, error }) => mean.toFixed(3).replace("-", "−") + (error === null ? "" : ` ± ${error.toFixed(3)}`);

/** A cell: the last value, and what it was before. */
function change(name, first, last, note) {
  const value = last ?? first;
  return el("td", { "data-label": name },
    el("span", { class: "value" }, fixed(value)),
    first && last ? el("span", { class: "was" }, `${signed(last.mean - first.mean)} from ${fixed({ mean: first.mean, error: null })}`) : null,
    note ? el("span", { class: "was" }, note) : null);
}

function runTable() {
  const unknown = (value) => ({ mean: value, error: null });
  const measures = data.runs.map((run) => new Map([
    ...run.outcomes.map(({ name, before, after }) => [name, change(name, before, after, before && !after ? "before training" : null)]),
    ...run.ends.map(({ name, first, last }) => [name, change(name, unknown(first), unknown(last))]),
  ]));
  const names = [...new Set(measures.flatMap((each) => [...each.keys()]))];
  const rows = data.runs.map((run, i) => el("tr", {},
    el("th", { scope: "row" }, swatch(i, run.name), run.title ? el("span", { class: "was" }, run.title) : null),
    el("td", { "data-label": "Steps" }, el("span", { class: "value" }, run.steps ? String(run.steps) : "–")),
    ...names.map((name) => measures[i].get(name) ?? el("td", { "data-label": name }, "–"))));
  const head = el("tr", {}, el("th", {}, "Run"), ...["Steps", ...names].map((name) => el("th", { scope: "col" }, name)));
  return el("div", { class: "scroll" }, el("table", {}, el("thead", {}, head), el("tbody", {}, ...rows)));
}

function settings(run) {
  const show = (value) => (typeof value === "number" ? short(value) : String(value));
  const pairs = Object.entries(run.details).flatMap(([name, value]) => [el("dt", {}, name.replaceAll("_", " ")), el("dd", {}, show(value))]);
  return pairs.length ? el("details", {}, el("summary", {}, several ? `Details of ${run.name}` : "Details"), el("dl", {}, ...pairs)) : null;
}

const STATUS = { healthy: "Looks healthy", look: "Needs a look", unknown: "Too early to say" };

/** Under the page's name: whether each run looks healthy, when it was written, and by which command. */
function about() {
  const host = document.getElementById("about");
  for (const [i, run] of data.runs.entries()) {
    const { status, reasons } = run.health;
    const label = status === "unknown" && run.steps >= 10 ? "Not known" : STATUS[status];
    const facts = Object.entries(run.about).flatMap(([name, value]) => [el("dt", {}, name), el("dd", { class: name === "Command" ? "command" : null }, value)]);
    host.append(
      el("p", { class: `health ${status}` }, several ? swatch(i, run.name) : null, el("b", {}, label), `: ${reasons.join("; ")}.`),
      several ? el("details", {}, el("summary", {}, `About ${run.name}`), el("dl", {}, ...facts)) : el("dl", { class: "about" }, ...facts));
  }
}

function runs() {
  const notes = [];
  if (data.runs.some((run) => run.outcomes.length)) notes.push("pass@k and right classes: before and after training, ± standard error over prompts.");
  if (data.runs.some((run) => run.ends.length)) notes.push(`Quality, diversity and classes: of the training responses, mean of the last ${data.window} steps and of the first ${data.window} (in a run of fewer than ${2 * data.window}, of each half).`);
  section("runs", null, runTable(), el("p", { class: "note" }, notes.join(" ")), ...data.runs.map(settings).filter((each) => each));
}

function curves() {
  if (!data.panels.length) return;
  const grid = el("div", { class: "grid" });
  for (const panel of data.panels) {
    const { host, node } = figure(panel.title, panel.note);
    const series = panel.lines.map(({ run, points, smooth }) => ({ mark: run, label: data.runs[run].name, raw: points, line: smooth ? points.map(([step], i) => [step, smooth[i]]) : points }));
    const [first, last] = extent(panel.lines.flatMap(({ points }) => points.map(([step]) => step)));
    const box = { title: panel.title, x: first === last ? [first - 1, last + 1] : [first, last], y: range(panel.limits, 0.12), whole: true };
    const outside = panel.lines.flatMap(({ points }) => points).filter(([, value]) => value < panel.limits[0] || value > panel.limits[1]).length;
    if (outside) node.querySelector("figcaption").append(el("span", { class: "outside" }, `${outside} extreme ${outside === 1 ? "value" : "values"} at the edge`));
    grid.append(node);
    lineChart(host, box, series);
  }
  const smoothed = data.panels.some((panel) => panel.lines.some(({ smooth }) => smooth));
  const note = `Over training steps. ${smoothed ? "Strong: exponential average (0.9); faint: single steps." : ""}`;
  section("curves", "Curves", ...(several ? [legend(data.runs.map((_, i) => i))] : []), el("p", { class: "note" }, note), grid);
}

function plane() {
  if (!data.plane.length) return;
  const { host, node } = figure("", "");
  const series = data.plane.map(({ run, points, smooth }) => {
    const raw = points.map(([, x, y]) => [x, y]);
    return { mark: run, label: data.runs[run].name, raw, line: smooth ?? raw, steps: points.map(([step]) => step) };
  });
  const all = series.flatMap(({ raw }) => raw);
  const box = { title: "Quality against diversity", path: true, height: 360, xLabel: "diversity →", x: range(extent(all.map(([x]) => x)), 0.08), y: range(extent(all.map(([, y]) => y)), 0.08), tip: (each, i) => `step ${short(each.steps[i])}: diversity, quality` };
  node.replaceChildren(el("figcaption", {}, el("span", {}, "↑ quality")), host);
  lineChart(host, box, series);
  section("plane", "Plane", ...(several ? [legend(data.plane.map(({ run }) => run))] : []), node);
}

function pass() {
  if (!data.pass_at_k.length) return;
  const { host, node } = figure("", "");
  const seen = new Map();
  const series = data.pass_at_k.map(({ run, label, points }) => {
    const place = seen.get(run) ?? 0;
    seen.set(run, place + 1);
    const raw = points.map(([k, mean]) => [k, mean]), wide = points.every(([, , low, high]) => low !== null && high !== null);
    return { mark: several ? run : place, dashes: DASHES[(place + 1) % 2], label: several ? `${data.runs[run].name}, ${label}` : label, raw, line: raw, band: wide ? points.map(([k, , low, high]) => [k, low, high]) : null };
  });
  const ks = [...new Set(series.flatMap(({ raw }) => raw.map(([k]) => k)))].sort((a, b) => a - b);
  const values = series.flatMap(({ raw, band }) => [...raw.map(([, y]) => y), ...(band ?? []).flatMap(([, low, high]) => [low, high])]);
  const box = { title: "pass@k against k", height: ks.length > 2 ? 320 : 200, log: true, unit: "k =", xLabel: "k", xTicks: ks, x: [ks[0], ks.at(-1)], y: range(extent(values), 0.08) };
  lineChart(host, box, series);
  node.replaceChildren(host);
  const notes = [];
  if (series.some(({ band }) => band)) notes.push("Bands: as in the run’s summary, or ± one standard error.");
  if (series.some(({ band }) => !band)) notes.push("Lines without a band: no width is known; those of a validation are verl’s mean@N and, by bootstrap, best@k.");
  document.querySelector("#pass .note").textContent = notes.join(" ");
  section("pass", "pass@k", el("div", { class: "legend" }, ...series.map(({ mark, label, dashes }) => swatch(mark, label, dashes))), node);
}

function time() {
  if (!data.time.length) return;
  const nodes = data.time.map(({ run, limit, parts }) => {
    const total = parts.reduce((sum, { mean }) => sum + mean, 0);
    const { host, node } = figure(several ? data.runs[run].name : `${short(total)} s per step`, several ? `${short(total)} s per step` : "mean");
    stackChart(host, { title: "Seconds of each step by part", limit }, parts);
    node.append(el("div", { class: "legend parts" }, ...parts.map((part, i) => el("span", { class: "key" }, el("i", { class: `box part-${i}` }), `${part.name.replaceAll("_", " ")} ${short(part.mean)} s`))));
    return node;
  });
  section("time", "Time", el("div", { class: nodes.length > 1 ? "grid wide" : "one" }, ...nodes));
}

function missing() {
  const sentences = data.runs.flatMap((run) => run.missing.map((sentence) => el("li", {}, el("b", {}, run.name), `: ${sentence}.`)));
  if (sentences.length) section("missing", null, el("ul", {}, ...sentences));
}

function themes() {
  const button = document.getElementById("theme"), root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const dark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
  const name = () => { button.textContent = dark() ? "Light" : "Dark"; };
  button.addEventListener("click", () => { root.dataset.theme = dark() ? "light" : "dark"; name(); });
  system.addEventListener("change", name);
  name();
}

themes();
about();
runs();
curves();
plane();
pass();
time();
if (data.groups.length) {
  section("groups", "Groups");
  groupBrowser(document.querySelector("#groups .body"), data);
}
missing();
