// The browser of groups. A card's responses are made when it is opened; a long text is cut until somebody wants it.

const PAGE = 20; // groups listed at once
const CUT = { characters: 420, lines: 6 };
const MEASURES = ["quality", "diversity", "reward", "advantage"];

const FILTERS = {
  run: { label: "Run", of: (group, data) => data.runs[group.run].name },
  step: { label: "Step", of: (group) => group.step },
  classes: { label: "Classes", of: (group) => group.classes ?? "no partition" },
  correct: { label: "Correct", of: correctness },
};

function correctness(group) {
  if (group.correct === null) return "not graded";
  return group.correct === 0 ? "none" : group.correct === group.responses.length ? "all" : "some";
}

const ORDERS = {
  class: (a, b) => (a.label ?? 0) - (b.label ?? 0) || a.place - b.place,
  sampled: (a, b) => a.place - b.place,
  advantage: (a, b) => (b.values[3] ?? 0) - (a.values[3] ?? 0) || a.place - b.place,
};

function groupBrowser(host, data) {
  const chosen = {}, opened = new Set(), list = el("div", { class: "cards" }), count = el("p", { class: "note", role: "status" });
  const graded = data.groups.some((group) => group.correct !== null);
  let order = "class", shown = PAGE;
  const more = el("button", { type: "button", class: "more", click: () => { shown += PAGE; show(); } });
  const select = (name, label, options, change) =>
    el("label", {}, label, el("select", { name, change: (event) => { change(event.target.value); shown = PAGE; show(); } }, ...options.map(([value, text]) => el("option", { value }, text))));

  const controls = Object.entries(FILTERS).map(([name, filter]) => {
    const values = [...new Set(data.groups.map((group) => filter.of(group, data)))];
    if (values.every((value) => typeof value === "number")) values.sort((a, b) => a - b);
    return values.length < 2 ? null : select(name, filter.label, [["", "any"], ...values.map((value) => [value, value])], (value) => { chosen[name] = value; });
  });
  controls.push(select("order", "Order by", [["class", "class"], ["sampled", "as sampled"], ["advantage", "advantage"]], (value) => { order = value; }));

  function show() {
    const fit = data.groups.filter((group) => Object.entries(chosen).every(([name, value]) => !value || String(FILTERS[name].of(group, data)) === value));
    const listed = fit.slice(0, shown);
    count.textContent = fit.length ? `${fit.length} of ${data.groups.length} groups.${graded ? " Correct: quality above 0.5." : ""}` : "No group fits these filters.";
    if (listed.length && !listed.some((group) => opened.has(group))) opened.add(listed[0]);
    list.replaceChildren(...listed.map((group) => card(group, data, ORDERS[order], opened)));
    more.hidden = fit.length <= shown;
    more.textContent = `Show ${Math.min(PAGE, fit.length - shown)} more`;
  }
  host.append(el("div", { class: "controls" }, ...controls), count, list, more);
  show();
}

/** A head that opens; `opened` holds the groups that are open. */
function card(group, data, order, opened) {
  const inside = el("div", { class: "inside", hidden: true });
  const facts = [`step ${group.step}`, `${group.responses.length} responses`];
  if (data.runs.length > 1) facts.unshift(data.runs[group.run].name);
  if (group.classes !== null) facts.push(`${group.classes} ${group.classes === 1 ? "class" : "classes"}`);
  if (group.correct !== null) facts.push(`${group.correct} correct`);
  const head = el("button", { type: "button", class: "head", "aria-expanded": "false", click: () => toggle(inside.hidden) },
    el("span", { class: "title" }, group.prompt.slice(0, 300).replace(/\s+/g, " ")), el("span", { class: "facts" }, facts.join(" · ")));
  function toggle(open) {
    if (open) opened.add(group);
    else opened.delete(group);
    head.setAttribute("aria-expanded", String(open));
    inside.hidden = !open;
    inside.replaceChildren(...(open ? contents(group, order) : []));
  }
  if (opened.has(group)) toggle(true);
  return el("article", { class: "card" }, head, inside);
}

function contents(group, order) {
  const rows = group.responses.map(([text, label, ...values], place) => ({ text, label, values, place })).sort(order);
  const used = MEASURES.map((name, i) => ({ name, i })).filter(({ i }) => rows.some((row) => row.values[i] !== null));
  const list = el("ol", { class: "responses" }, ...rows.map((row) => response(row, used, group.correct !== null)));
  const columns = el("div", { class: "columns", "aria-hidden": "true" }, el("span", {}, "class"), el("span", {}, "response"), ...used.map(({ name }) => el("span", { class: "number" }, name)));
  for (const grid of [list, columns]) grid.style.setProperty("--measures", used.length);
  return [el("div", { class: "prompt" }, el("span", { class: "caption" }, "prompt"), long(group.prompt)), group.classes === null ? null : strip(rows, list), columns, list].filter((each) => each !== null);
}

/** The classes as segments, as wide as they are large; one click shows a class alone, another all of them. */
function strip(rows, list) {
  const sizes = new Map();
  for (const { label } of [...rows].sort(ORDERS.class)) sizes.set(label, (sizes.get(label) ?? 0) + 1);
  const bar = el("div", { class: "strip", role: "group", "aria-label": "Classes" });
  for (const [label, size] of sizes) {
    const button = el("button", { type: "button", "aria-pressed": "false", title: `${className(label)}: ${size} of ${rows.length}`, click: () => {
      const on = button.getAttribute("aria-pressed") === "false";
      for (const other of bar.children) other.setAttribute("aria-pressed", String(on && other === button));
      for (const item of list.children) item.hidden = on && item.dataset.class !== String(label);
    } }, label === -1 ? "–" : String(label));
    button.style.flexGrow = size;
    bar.append(tinted(button, label));
  }
  return bar;
}

const className = (label) => (label === null ? "no class" : label === -1 ? "left out of the partition" : `class ${label}`);

/** The golden angle between classes that follow each other: neighbors are far apart, and no color is used twice. */
function tinted(node, label) {
  if (label === null || label < 0) node.classList.add("plain");
  else node.style.setProperty("--hue", (255 + label * 137.508) % 360);
  return node;
}

function response({ text, label, values }, used, graded) {
  const chip = el("span", { class: "chip", title: className(label) }, label === null || label < 0 ? "–" : String(label));
  const measures = used.map(({ name, i }) => el("span", { class: `number ${name}` }, el("span", { class: "caption" }, name), measure(name, values[i], graded)));
  return tinted(el("li", { "data-class": String(label) }, chip, long(text), ...measures), label);
}

function measure(name, value, graded) {
  if (value === null) return "–";
  const text = `${value < 0 ? "−" : name === "advantage" && value > 0 ? "+" : ""}${Math.abs(value).toFixed(2)}`;
  return name === "quality" && graded ? `${value > 0.5 ? "✓" : "✗"} ${text}` : text;
}

/** A text; a long one begins with its first lines and has a button for the rest. */
function long(text) {
  const body = el("div", { class: "text" });
  const cut = text.split("\n").slice(0, CUT.lines).join("\n").slice(0, CUT.characters);
  if (text.length - cut.length < 80 && text.split("\n").length <= CUT.lines + 2) {
    body.textContent = text;
    if (!text.trim()) body.append(el("em", {}, text ? "only white space" : "empty"));
    return el("div", { class: "long" }, body);
  }
  const button = el("button", { type: "button", class: "more", "aria-expanded": "false", click: () => show(button.getAttribute("aria-expanded") === "false") });
  function show(whole) {
    body.textContent = whole ? text : `${cut.trimEnd()} …`;
    button.setAttribute("aria-expanded", String(whole));
    button.textContent = whole ? "Show less" : `Show all ${text.length.toLocaleString("en")} characters`;
  }
  show(false);
  return el("div", { class: "long" }, body, button);
}
