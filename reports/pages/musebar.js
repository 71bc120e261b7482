"use strict";

/* What is said of the study, for names of files and for the foot of a figure. */
const about = document.documentElement.dataset;

/* Figures: drawn from the JSON beside them, in the page's own colours. */
const LIGHT = { ink: "#22211e", soft: "#67635a", grid: "#e4e0d5", rule: "#b9b3a5", raised: "#ffffff",
                ground: "#ffffff" };
function palette() {
  const css = getComputedStyle(document.documentElement);
  const get = (name) => css.getPropertyValue(name).trim();
  return { ink: get("--ink"), soft: get("--soft"), grid: get("--grid"), rule: get("--rule"),
           raised: get("--raised"), ground: get("--ground") };
}

/* What the page's colours change in a figure's layout: before it is drawn, so that it is drawn once. */
function paint(layout, colours = palette()) {
  layout.font = { ...layout.font, color: colours.ink };
  layout.hoverlabel = { ...layout.hoverlabel, bgcolor: colours.raised, bordercolor: colours.rule,
                        font: { color: colours.ink } };
  for (const name of Object.keys(layout).filter((one) => /^[xy]axis\d*$/.test(one))) {
    layout[name] = { ...layout[name], gridcolor: colours.grid, linecolor: colours.rule,
                     tickcolor: colours.rule };
  }
  for (const note of layout.annotations || []) {
    if (note.bgcolor !== "rgba(0,0,0,0)") note.bgcolor = colours.ground;
  }
}

/* On a narrow page a legend stands in one column: give it room, not the plot's. */
function legendHeight(plot, data, layout) {
  if (layout.showlegend === false || plot.clientWidth > 560) return 0;
  return 20 * data.filter((trace) => trace.showlegend !== false).length;
}

/* The title of an axis that is longer than its axis breaks into lines. */
function wrapTitles(plot, data, layout) {
  const texts = [layout.yaxis?.ticktext, ...data.map((trace) => trace.y)].filter(Array.isArray);
  const names = texts.flat().filter((name) => typeof name === "string");
  const left = Math.max(70, ...names.map((name) => 7 * name.length + 16));
  const room = { xaxis: (plot.clientWidth - left - 16) / 7.5, yaxis: (layout.height - 100) / 8 };
  for (const name of ["xaxis", "yaxis"]) {
    const title = layout[name]?.title;
    if (!title?.text || title.text.length < room[name]) continue;
    const lines = [""];
    for (const word of title.text.split(" ")) {
      const last = lines.length - 1;
      if (lines[last] && lines[last].length + 1 + word.length >= room[name]) lines.push(word);
      else lines[last] = lines[last] ? `${lines[last]} ${word}` : word;
    }
    title.text = lines.join("<br>");
  }
}

/* No bar of tools: it would stand in the way of the keyboard and offer to send figures elsewhere. */
const CONFIG = {
  responsive: true, displaylogo: false, displayModeBar: false, showSendToCloud: false,
  showEditInChartStudio: false, showLink: false, plotlyServerURL: "", scrollZoom: false,
};

/* A finger scrolls the page: dragging zooms where there is a mouse. */
const touched = () => matchMedia("(pointer: coarse)").matches || innerWidth < 560;

async function drawFigure(script) {
  const id = script.dataset.figure;
  const { data, layout } = JSON.parse(script.textContent);
  const plot = document.getElementById(id);
  layout.height += legendHeight(plot, data, layout);
  if (touched()) layout.dragmode = false;
  paint(layout);
  wrapTitles(plot, data, layout);
  await Plotly.newPlot(plot, data, layout, CONFIG);
  plot.dataset.drawn = "true";
  tools(plot);
}

function save(name, content, type) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([content], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000); // a busy machine saves it late
}

function plain(name) {
  return name.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 60);
}

/* Study, genre and what it is: a file that lies in a folder of downloads says whence it came. */
function fileName(what, ending) {
  return [about.study, about.genre, what].filter(Boolean).map(plain).filter(Boolean).join("-") + ending;
}

const lines = (text, most) => text.split(" ").reduce((found, word) => {
  const last = found.length - 1;
  if (found[last].length + word.length >= most) found.push(word);
  else found[last] = found[last] ? `${found[last]} ${word}` : word;
  return found;
}, [""]);

const escaped = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");

/* A figure for paper: light whatever the page is, with its title above and its source below. */
async function sheet(plot) {
  const width = 900;
  const layout = JSON.parse(JSON.stringify(plot.layout));
  const heading = lines(document.getElementById(`${plot.id}-title`).textContent, 90);
  const source = lines(about.source || "", 130);
  paint(layout, LIGHT);
  for (const note of layout.annotations || []) note.font = { ...note.font, color: LIGHT.ink };
  layout.paper_bgcolor = layout.plot_bgcolor = "#ffffff";
  const above = 22 * heading.length + 8, below = 14 * source.length + 26;
  layout.margin = { ...layout.margin, t: (layout.margin?.t ?? 24) + above,
                    b: (layout.margin?.b ?? 48) + below };
  layout.height = plot._fullLayout.height + above + below;
  layout.width = width;
  layout.autosize = false;
  layout.title = { text: heading.map(escaped).join("<br>"), x: 0, xref: "paper", xanchor: "left",
                   y: 1, yref: "container", yanchor: "top", pad: { t: 10 },
                   font: { size: 15, color: LIGHT.ink } };
  layout.annotations = [...(layout.annotations || []), {
    text: source.map(escaped).join("<br>"), x: 0, xref: "paper", xanchor: "left", align: "left",
    y: 0, yref: "paper", yanchor: "top", yshift: -(layout.margin.b - below + 6), showarrow: false,
    font: { size: 10, color: LIGHT.soft },
  }];
  if (layout.legend) layout.legend.y = below / layout.height;
  const data = JSON.parse(JSON.stringify(plot.data));
  const image = await Plotly.toImage({ data, layout, config: CONFIG },
                                     { format: "svg", width, height: layout.height });
  return { svg: decodeURIComponent(image.slice(image.indexOf(",") + 1)), width,
           height: layout.height };
}

/* The browser writes the PDF: the sheet alone is printed, on paper of its own size. */
async function print(plot) {
  const { svg, width, height } = await sheet(plot);
  const paper = document.createElement("style");
  paper.textContent = `@page { size: ${width}px ${height}px; margin: 0; }`;
  const image = document.createElement("img");
  image.alt = document.getElementById(`${plot.id}-title`).textContent;
  image.src = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }));
  await image.decode();
  image.className = "sheet";
  document.head.append(paper);
  document.body.append(image);
  document.body.classList.add("one-sheet");
  addEventListener("afterprint", () => {
    paper.remove();
    image.remove();
    URL.revokeObjectURL(image.src);
    document.body.classList.remove("one-sheet");
  }, { once: true });
  window.print();
}

function button(text, said, act) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "download";
  made.textContent = text;
  if (said) made.setAttribute("aria-label", said);
  made.addEventListener("click", act);
  return made;
}

function tools(plot) {
  const title = document.getElementById(`${plot.id}-title`).textContent;
  const bar = document.createElement("p");
  bar.className = "tools";
  const svg = async () => save(fileName(plot.id.replace(/^fig-/, ""), ".svg"), (await sheet(plot)).svg,
                               "image/svg+xml");
  bar.append(button("SVG", `SVG of: ${title}`, svg),
             button("PDF", `PDF of: ${title}`, () => print(plot)));
  const reset = button("whole range", `Whole range of: ${title}`, () => {
    const ranges = JSON.parse(plot.dataset.ranges);
    Plotly.relayout(plot, ranges);
    reset.hidden = true;
  });
  reset.hidden = true;
  const { xaxis, yaxis } = plot._fullLayout;
  if (xaxis && yaxis) {
    plot.dataset.ranges = JSON.stringify({ "xaxis.range": xaxis.range, "yaxis.range": yaxis.range });
    plot.on("plotly_relayout", (changed) => {
      if (Object.keys(changed).some((name) => name.includes("axis.range["))) reset.hidden = false;
    });
    bar.append(reset);
  }
  plot.closest("figure").querySelector("figcaption").after(bar);
  plot.dispatchEvent(new Event("figure-drawn", { bubbles: true }));
}

/* plotly.js is large: read when a figure needs it, and never by a page without one. */
const own = document.currentScript.src;
function loadPlotly() {
  if (typeof Plotly !== "undefined") return Promise.resolve();
  const held = document.getElementById("plotly-source"); // in a report of one file
  if (held) {
    const script = document.createElement("script");
    script.textContent = held.textContent;
    document.head.append(script);
    return Promise.resolve();
  }
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = new URL("plotly.min.js", own).href;
    script.onload = resolve;
    script.onerror = reject;
    document.head.append(script);
  });
}

function inView(script) {
  const box = document.getElementById(script.dataset.figure).getBoundingClientRect();
  return box.top < innerHeight && box.bottom > 0;
}

const pause = (milliseconds) => new Promise((resume) => setTimeout(resume, milliseconds));

/* Those in view first, one after the other with a breath between: the page answers meanwhile.
   Where none is in view the page is usable before plotly.js is read. */
async function drawFigures(within = document) {
  const scripts = [...within.querySelectorAll("script[data-figure]")];
  const first = scripts.filter(inView);
  const rest = scripts.filter((script) => !first.includes(script));
  if (first.length === 0) performance.mark("usable");
  try {
    if (scripts.length > 0) {
      if (first.length === 0) await pause(100);
      await loadPlotly();
    }
    for (const script of first) await drawFigure(script);
    if (first.length > 0) performance.mark("usable");
    for (const script of rest) {
      await pause(0);
      await drawFigure(script);
    }
  } catch (error) {
    if (typeof Plotly !== "undefined") throw error;
    for (const script of scripts) {
      document.getElementById(script.dataset.figure).textContent =
        "This figure is drawn by plotly.min.js, which is missing beside the page.";
    }
  }
  performance.mark("drawn");
  document.documentElement.dataset.drawn = "true";
}

function recolour() {
  for (const plot of document.querySelectorAll(".plot[data-drawn]")) {
    paint(plot.layout);
    Plotly.react(plot, plot.data, plot.layout);
  }
}

/* Tables: a click on a column sorts; numbers by value, the rest by text. */
function valueOf(row, column) {
  const cell = row.cells[column];
  return "value" in cell.dataset ? Number(cell.dataset.value) : cell.textContent.trim();
}

function compare(a, b) {
  if (typeof a === "number" && typeof b === "number") return a - b;
  if (typeof a === "number") return -1;
  if (typeof b === "number") return 1;
  return a.localeCompare(b, "en", { numeric: true });
}

function sortBy(table, column) {
  const header = table.tHead.rows[0].cells[column];
  const order = header.getAttribute("aria-sort") === "ascending" ? "descending" : "ascending";
  for (const cell of table.tHead.rows[0].cells) cell.removeAttribute("aria-sort");
  header.setAttribute("aria-sort", order);
  const sign = order === "ascending" ? 1 : -1;
  const rows = [...table.tBodies[0].rows];
  rows.sort((a, b) => sign * compare(valueOf(a, column), valueOf(b, column)));
  table.tBodies[0].append(...rows);
}

/* Numbers as they are, not as they are shown: a mean has columns for its interval and its count. */
const PARTS = ["low", "high", "n"];
function numbers(table) {
  const rows = [...table.rows];
  const spread = [...table.tHead.rows[0].cells].map((_, at) =>
    rows.some((row) => row.cells[at]?.dataset.ci));
  return rows.map((row) => [...row.cells].flatMap((cell, at) => {
    const heading = row.parentNode === table.tHead;
    const shown = cell.textContent.trim();
    const own = "value" in cell.dataset ? cell.dataset.value : shown === "-" ? "" : shown;
    if (!spread[at]) return [own];
    if (heading) return [own, ...PARTS.map((part) => `${own} ${part}`)];
    return [own, ...(cell.dataset.ci || "  ").split(" ")];
  }));
}

function csvOf(table) {
  const quote = (text) => (/[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  return numbers(table).map((row) => row.map(quote).join(",") + "\r\n").join("");
}

const TEX = { "\\": "\\textbackslash{}", "~": "\\textasciitilde{}", "^": "\\textasciicircum{}" };
const tex = (text) => text.replace(/[\\~^&%$#_{}]/g, (one) => TEX[one] || `\\${one}`);

/* As it is shown, for a paper: booktabs. */
function latexOf(table) {
  const line = (row) => `  ${[...row.cells].map((cell) => tex(cell.textContent.trim())).join(" & ")} \\\\\n`;
  const head = table.tHead.rows[0];
  const kinds = [...head.cells].map((_, at) =>
    [...table.tBodies[0].rows].some((row) => "value" in row.cells[at].dataset) ? "r" : "l");
  const foot = table.tFoot ? `  \\midrule\n${[...table.tFoot.rows].map(line).join("")}` : "";
  return `% ${tex(about.source || "")}\n\\begin{tabular}{${kinds.join("")}}\n  \\toprule\n${line(head)}` +
    `  \\midrule\n${[...table.tBodies[0].rows].map(line).join("")}${foot}  \\bottomrule\n\\end{tabular}\n`;
}

function prepareTable(table) {
  table.classList.add("sortable");
  const box = table.closest(".scroll");
  if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
  [...table.tHead.rows[0].cells].forEach((header, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = header.textContent;
    button.addEventListener("click", () => sortBy(table, column));
    header.replaceChildren(button);
    table.style.setProperty(`--c${column + 1}`, JSON.stringify(button.textContent));
  });
  const bar = document.createElement("p");
  bar.className = "tools";
  const name = table.dataset.name;
  bar.append(
    button("download CSV", "", () => save(fileName(name, ".csv"), csvOf(table), "text/csv")),
    button("LaTeX", `LaTeX of: ${name}`, () => save(fileName(name, ".tex"), latexOf(table), "text/x-tex")),
  );
  table.closest(".table").append(bar);
}

/* One of several views of a thing: the others lie in templates and cost nothing until then. */
function prepareSlices(choose) {
  const id = choose.dataset.slices;
  const shown = document.querySelector(`.slice[data-slice="${id}"]`);
  const first = document.createElement("template");
  first.innerHTML = shown.innerHTML;
  const others = [...document.querySelectorAll(`template[data-slice^="${id}-"]`)];
  choose.addEventListener("change", () => {
    const wanted = choose.value === "0" ? first : others[Number(choose.value) - 1];
    shown.replaceChildren(wanted.content.cloneNode(true));
    shown.querySelectorAll("table").forEach(prepareTable);
    drawFigures(shown);
  });
}

async function copy(source) {
  const text = document.getElementById(source.dataset.copy).textContent;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  source.textContent = "copied";
  setTimeout(() => { source.textContent = source.dataset.label; }, 2000);
}

function prepareCopy(one) {
  one.dataset.label = one.textContent;
  one.hidden = false;
  one.addEventListener("click", () => copy(one));
}

/* One player at a time. */
document.addEventListener("play", (event) => {
  for (const one of document.querySelectorAll("audio")) if (one !== event.target) one.pause();
}, true);

/* Steering: filters and a selected set, the same in every table and figure of the page. */
function prepareSteering() {
  const source = document.getElementById("configurations-data");
  const place = document.getElementById("steer");
  if (!source || !place) return;
  const { settings, rows } = JSON.parse(source.textContent);
  const ids = Object.keys(rows);
  const key = `musebar ${about.study} ${about.genre}`;
  const kept = () => { try { return JSON.parse(sessionStorage.getItem(key)) || []; } catch { return []; } };
  const selected = new Set(kept().filter((id) => id in rows));
  const filters = new Map();
  const search = document.createElement("input");
  search.type = "search";
  search.placeholder = "name or id";
  search.setAttribute("aria-label", "Find a configuration by name or id");
  const said = document.createElement("p");
  said.className = "caption";
  said.setAttribute("role", "status");

  function choice(at, label, values) {
    const made = document.createElement("select");
    made.setAttribute("aria-label", `Only configurations whose ${label} is`);
    made.append(new Option(`any ${label}`, ""), ...values.map((one) => new Option(`${label} ${one}`, one)));
    made.autocomplete = "off";
    made.addEventListener("change", () => {
      if (made.value) filters.set(at, made.value); else filters.delete(at);
      apply();
    });
    return made;
  }
  const states = [...new Set(ids.map((id) => rows[id][1]))].sort();
  const choices = [
    ...(states.length > 1 ? [choice(1, "state", states)] : []),
    ...settings.map(([, label, values], at) => choice(at + 2, label, values)),
  ];
  const matches = (id) => {
    const words = search.value.trim().toLowerCase();
    return `${id} ${rows[id][0]}`.toLowerCase().includes(words)
      && [...filters].every(([at, value]) => rows[id][at] === value);
  };
  const clear = button("clear", "Clear filters and selection", () => {
    selected.clear();
    filters.clear();
    search.value = "";
    for (const one of choices) one.value = "";
    apply();
  });
  const pick = button("select these", "Select the configurations that are shown", () => {
    for (const id of ids.filter(matches)) selected.add(id);
    apply();
  });

  function light(plot, lit) {
    plot.data.forEach((trace, at) => {
      if (!Array.isArray(trace.customdata)) return;
      const points = lit && trace.customdata.flatMap((id, n) => (lit.has(id) ? [n] : []));
      Plotly.restyle(plot, { selectedpoints: [points] }, [at]);
    });
  }

  function lit() {
    if (selected.size) return selected;
    const shown = ids.filter(matches);
    return shown.length < ids.length ? new Set(shown) : null;
  }

  function apply() {
    const shown = new Set(ids.filter(matches));
    for (const row of document.querySelectorAll("tbody tr")) {
      const id = row.dataset.config;
      if (!id) continue;
      row.hidden = !shown.has(id);
      row.classList.toggle("lit", selected.has(id));
    }
    const now = lit();
    document.querySelectorAll(".plot[data-drawn]").forEach((plot) => light(plot, now));
    const names = [...selected].slice(0, 6).map((id) => `${rows[id][0]} (${id})`);
    const more = selected.size > 6 ? ` and ${selected.size - 6} more` : "";
    said.textContent = `${shown.size} of ${ids.length} configurations shown`
      + (selected.size ? `; selected: ${names.join("; ")}${more}.` : "; click a mark or a row to select it.");
    clear.hidden = !selected.size && !filters.size && !search.value;
    pick.hidden = shown.size === ids.length;
    try { sessionStorage.setItem(key, JSON.stringify([...selected])); } catch { /* not kept */ }
  }

  function toggle(id) {
    if (!(id in rows)) return;
    if (!selected.delete(id)) selected.add(id);
    apply();
  }

  search.addEventListener("input", apply);
  for (const row of document.querySelectorAll("tbody tr")) {
    const id = row.textContent.match(/(?<![0-9a-f])[0-9a-f]{12}(?![0-9a-f])/)?.[0];
    if (!(id in rows)) continue;
    row.dataset.config = id;
    row.addEventListener("click", (event) => {
      if (!event.target.closest("a, button")) toggle(id);
    });
  }
  document.getElementById("content").addEventListener("figure-drawn", (event) => {
    event.target.on("plotly_click", ({ points }) => toggle(points[0]?.customdata));
    const now = lit();
    if (now) light(event.target, now);
  });
  place.append(search, ...choices, pick, clear, said);
  place.hidden = false;
  apply();
}

function start() {
  document.querySelectorAll("[data-copy]").forEach(prepareCopy);
  document.querySelectorAll("[data-slices]").forEach(prepareSlices);
  document.querySelectorAll("table").forEach(prepareTable);
  prepareSteering();
  return drawFigures();
}

/* A report of one file: its pages lie in templates, and a link shows another of them. */
const pageOf = (file) => [...document.querySelectorAll("template[data-page]")].find(
  (one) => one.dataset.page === file);

function show(file, fragment) {
  const page = pageOf(file);
  const content = page.content.cloneNode(true);
  const said = content.firstElementChild;
  Object.assign(about, said.dataset);
  said.remove();
  document.getElementById("page").replaceChildren(content);
  document.title = page.dataset.title;
  delete about.drawn;
  const target = fragment && document.getElementById(fragment);
  if (target) target.scrollIntoView(); else scrollTo(0, 0);
  return start();
}

document.addEventListener("click", (event) => {
  const [file, fragment] = event.target.closest("a[href]")?.getAttribute("href").split("#") || [];
  if (!file || !pageOf(file)) return;
  event.preventDefault();
  history.pushState({ file, fragment }, "");
  show(file, fragment);
});
if (document.getElementById("pages")) {
  history.replaceState({ file: "index.html" }, "");
  addEventListener("popstate", ({ state }) => state?.file && show(state.file, state.fragment));
}

start();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", recolour);
matchMedia("print").addEventListener("change", recolour);
