"use strict";

/* Figures: drawn from the JSON beside them, in the page's own colours. */
function palette() {
  const css = getComputedStyle(document.documentElement);
  const get = (name) => css.getPropertyValue(name).trim();
  return { ink: get("--ink"), soft: get("--soft"), grid: get("--grid"), rule: get("--rule"),
           raised: get("--raised"), ground: get("--ground") };
}

function themed(plot) {
  const colours = palette();
  const axis = (name) => ({
    [`${name}.gridcolor`]: colours.grid, [`${name}.linecolor`]: colours.rule,
    [`${name}.tickcolor`]: colours.rule,
  });
  return {
    "font.color": colours.ink, "hoverlabel.bgcolor": colours.raised,
    "hoverlabel.bordercolor": colours.rule, "hoverlabel.font.color": colours.ink,
    ...axis("xaxis"), ...axis("yaxis"),
    ...Object.fromEntries((plot.layout.annotations || []).map(
      (_, at) => [`annotations[${at}].bgcolor`, colours.ground])),
  };
}

/* On a narrow page a legend stands in one column: give it room, not the plot's. */
function legendHeight(plot, data, layout) {
  if (layout.showlegend === false || plot.clientWidth > 560) return 0;
  return 20 * data.filter((trace) => trace.showlegend !== false).length;
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
  await Plotly.newPlot(plot, data, layout, config);
  await Plotly.relayout(plot, themed(plot));
  plot.dataset.drawn = "true";
}

/* One after the other, those in view first, with a breath between: the page answers meanwhile. */
async function drawFigures() {
  if (typeof Plotly === "undefined") return;
  const inView = (script) => {
    const box = document.getElementById(script.dataset.figure).getBoundingClientRect();
    return box.top < innerHeight && box.bottom > 0 ? 0 : 1;
  };
  const scripts = [...document.querySelectorAll("script[data-figure]")];
  const waiting = new Map(scripts.map((script) => [script, inView(script)]));
  scripts.sort((a, b) => waiting.get(a) - waiting.get(b));
  const firstBelow = scripts.findIndex((script) => waiting.get(script) === 1);
  for (const [at, script] of scripts.entries()) {
    if (at === firstBelow) performance.mark("usable");
    await drawFigure(script);
    await new Promise((resume) => setTimeout(resume));
  }
  performance.mark("drawn");
  if (firstBelow < 0) performance.mark("usable");
  document.documentElement.dataset.drawn = "true";
  const recolour = () => {
    for (const plot of document.querySelectorAll(".plot")) Plotly.relayout(plot, themed(plot));
  };
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", recolour);
  matchMedia("print").addEventListener("change", recolour);
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
