"use strict";

/* Figures: drawn from the JSON beside them, in the page's own colours. */
function palette() {
  const css = getComputedStyle(document.documentElement);
  const get = (name) => css.getPropertyValue(name).trim();
  return { ink: get("--ink"), soft: get("--soft"), grid: get("--grid"), rule: get("--rule"),
           raised: get("--raised"), ground: get("--ground") };
}

/* What the page's colours change in a figure's layout: before it is drawn, so that it is drawn once. */
function paint(layout) {
  const colours = palette();
  layout.font = { ...layout.font, color: colours.ink };
  layout.hoverlabel = { ...layout.hoverlabel, bgcolor: colours.raised, bordercolor: colours.rule,
                        font: { color: colours.ink } };
  for (const name of ["xaxis", "yaxis"]) {
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

async function drawFigure(script) {
  const id = script.dataset.figure;
  const { data, layout } = JSON.parse(script.textContent);
  const config = {
    responsive: true, displaylogo: false, modeBarButtonsToRemove: ["lasso2d", "select2d"],
    toImageButtonOptions: { format: "svg", filename: id },
  };
  const plot = document.getElementById(id);
  layout.height += legendHeight(plot, data, layout);
  paint(layout);
  wrapTitles(plot, data, layout);
  await Plotly.newPlot(plot, data, layout, config);
  plot.dataset.drawn = "true";
}

/* plotly.js is large: read when a figure needs it, and never by a page without one. */
const own = document.currentScript.src;
function loadPlotly() {
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
async function drawFigures() {
  const scripts = [...document.querySelectorAll("script[data-figure]")];
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

function csvOf(table) {
  const quote = (text) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const lines = [];
  for (const row of table.rows) {
    lines.push([...row.cells].map((cell) => quote(cell.textContent.trim())).join(","));
  }
  return lines.join("\r\n") + "\r\n";
}

function prepareTable(table) {
  table.classList.add("sortable");
  [...table.tHead.rows[0].cells].forEach((header, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = header.textContent;
    button.addEventListener("click", () => sortBy(table, column));
    header.replaceChildren(button);
  });
  const download = document.createElement("button");
  download.type = "button";
  download.className = "download";
  download.textContent = "download CSV";
  download.addEventListener("click", () => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([csvOf(table)], { type: "text/csv" }));
    link.download = `${table.dataset.name}.csv`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000); // a busy machine saves it late
  });
  table.closest(".table").append(download);
}

document.querySelectorAll("table").forEach(prepareTable);
drawFigures();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", recolour);
matchMedia("print").addEventListener("change", recolour);
