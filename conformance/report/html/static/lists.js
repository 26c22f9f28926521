// The other views: differences, claims, measures and coverage.

/** The differences of which any row is selected: unexplained ones first, as the comparison orders them. */
function drawDifferences(model, chosen, onGo) {
  const rows = new Set(chosen.rows);
  const found = model.entries.map((entry) => ({ entry, rows: entry.rows.filter((row) => rows.has(row) && differs(row, chosen.columns)) }))
    .filter((each) => each.rows.length);
  const cards = found.map(({ entry, rows: some }) => differenceCard(entry, some, model, onGo));
  $("differences-list").replaceChildren(...(cards.length ? cards : [el("p", { class: "note" }, "No difference matches the query.")]));
  return `${counted(found.length, "difference")} in ${counted(found.reduce((sum, each) => sum + each.rows.length, 0), "cell")}`;
}

function differenceCard(entry, rows, model, onGo) {
  const [row] = rows, parting = row.partings[0], kind = model.kinds[entry.kind];
  const record = model.records.findIndex((_, each) => row.groups[each] !== NO_GROUP && row.groups[each] !== "A");
  return el("article", { class: `entry k-${kind}` },
    el("h3", {}, kindBadge(kind), " ", el("bdi", {}, entry.title), entry.title.endsWith(entry.depth) ? "" : el("span", { class: "depth" }, ` (${entry.depth})`)),
    el("p", {}, el("a", { href: linkTo("matrix", `entry:${entry.number + 1}`) }, counted(rows.length, "cell")), ", shown: ",
      el("a", { class: "cell-link", href: onGo(row, Math.max(record, 0)) }, el("bdi", {}, row.id)),
      parting.step ? `, step ${parting.step}: ` : ": ", el("code", {}, el("bdi", {}, parting.says))),
    sideTable(parting, row, model));
}

// claims

const STATUS_SIGNS = { confirmed: "✓", "confirmed with caveat": "≈", contradicted: "✗", untested: "–", "of another platform": "·" };

/** The HOWTO on one platform, claim by claim, section by section; below each claim where others have another status. */
function drawClaims(model, chosen, record) {
  const scenarios = new Set(chosen.rows.map((row) => row.scenario));
  const asked = new Set(chosen.claims);
  const found = model.claims.filter((claim) => !chosen.asked || (asked.size ? asked.has(claim) : claim.scenarios.some((each) => scenarios.has(each))));
  const sections = new Map();
  for (const claim of found) sections.set(claim.id.split("/")[0], [...(sections.get(claim.id.split("/")[0]) || []), claim]);
  const counts = model.statuses.map((status, number) => [status, found.filter((claim) => claim.statuses[record] === number).length]).filter(([, number]) => number);
  $("claims-list").replaceChildren(
    el("p", { class: "tallies" }, counts.map(([status, number]) => el("span", { class: `status s-${status.split(" ").join("-")}` }, `${STATUS_SIGNS[status] || "•"} ${number} ${status} `))),
    ...[...sections].map(([section, claims]) => el("section", {}, el("h3", {}, model.sections[section] || section), claims.map((claim) => claimCard(claim, record, model)))));
  return `${counted(found.length, "claim")} on ${model.records[record].label}`;
}

function claimCard(claim, record, model) {
  const status = model.statuses[claim.statuses[record]];
  const others = new Map();
  claim.statuses.forEach((each, other) => { if (each !== claim.statuses[record]) others.set(each, [...(others.get(each) || []), model.records[other].label]); });
  const rows = claim.scenarios.flatMap((scenario) => scenario.rows);
  const tally = Object.values(model.signs).map(({ name, sign }) => [name, sign, rows.filter((row) => model.signs[row.codes[record]].name === name).length]).filter(([, , number]) => number);
  return el("article", { class: "claim", id: `claim-${claim.id}` },
    el("h4", {}, el("span", { class: `status s-${status.split(" ").join("-")}` }, `${STATUS_SIGNS[status] || "•"} ${status}`), " ", el("code", {}, claim.id)),
    el("p", { class: "says" }, claim.says), claim.caveat && el("p", { class: "caveat" }, el("b", {}, "In practice: "), claim.caveat),
    [...others].map(([each, labels]) => el("p", { class: "elsewhere" }, `${STATUS_SIGNS[model.statuses[each]] || ""} ${model.statuses[each]} on `, el("bdi", {}, namesOf(labels)))),
    el("p", { class: "cells" }, rows.length ? [el("a", { href: linkTo("matrix", `claim:${claim.id}`) }, counted(rows.length, "cell")), ` of ${counted(claim.scenarios.length, "scenario")}: `,
      tally.map(([name, sign, number]) => `${number} ${sign} ${name}`).join(", ")] : "no scenario here acts it out"));
}

// measures

/** Small charts: for each row of a quantity a bar for each record, with the figure and its unit; equal figures in words. */
function drawMeasures(model, chosen) {
  const columns = new Set(chosen.columns);
  const charts = model.charts.map((chart) => el("section", { class: "chart" }, el("h3", {}, chart.name), chart.rows.map(([words, figures, values]) => {
    const places = chart.columns.map((_, place) => place).filter((place) => values[place] !== null && (chart.columns[place] < 0 || columns.has(chart.columns[place])));
    return places.length ? bars(chart, words || chart.name, places, figures, values) : null;
  })));
  $("measures-list").replaceChildren(...charts);
  return charts.length === 1 ? "1 measured quantity" : `${charts.length} measured quantities`;
}

function bars(chart, words, places, figures, values) {
  const several = new Set(places.map((place) => figures[place]));
  if (several.size === 1 && places.length > 1)
    return el("p", { class: "equal" }, el("bdi", {}, words), ": ", el("b", {}, figures[places[0]]), ` in all ${places.length} records`);
  const most = Math.max(...places.map((place) => values[place]));
  const width = (place) => (most > 0 ? Math.max(0.5, (100 * values[place]) / most) : 0.5);
  const lines = places.map((place) => el("tr", {}, el("th", { scope: "row" }, el("bdi", {}, chart.heads[place])),
    el("td", { class: "bar" }, svg("svg", { viewBox: "0 0 100 8", preserveAspectRatio: "none", "aria-hidden": "true" },
      svg("rect", { width: width(place), height: 8 }))),
    el("td", { class: "figure" }, figures[place])));
  return el("details", { open: places.length < NARROW_FROM }, el("summary", {}, el("bdi", {}, words)),
    el("table", { class: "bars" }, el("tbody", {}, lines)));
}

// coverage

/** What each record ran, and by its own reasons what it did not. */
function drawCoverage(model, chosen) {
  const rows = new Set(chosen.rows);
  let lacking = 0;
  $("coverage-list").replaceChildren(...chosen.columns.map((record) => {
    const gaps = model.gaps.filter((gap) => gap.record === record).map((gap) => ({ ...gap, rows: gap.rows.filter((row) => rows.has(row)) })).filter((gap) => gap.rows.length);
    const without = gaps.reduce((sum, gap) => sum + gap.rows.length, 0), total = chosen.rows.length;
    lacking += without;
    return el("section", { class: "record" }, el("h3", {}, el("bdi", {}, model.records[record].label)),
      el("p", {}, el("progress", { max: Math.max(total, 1), value: total - without, "aria-label": "cells that ran" }), ` ${counted(total - without, "cell")} of ${total.toLocaleString("en")} ran`,
        model.records[record].incomplete && el("b", {}, `; ${model.records[record].incomplete}`)),
      gaps.length > 0 && el("table", { class: "reasons" }, el("thead", {}, el("tr", {}, ["cells", "verdict", "reason"].map((head) => el("th", { scope: "col" }, head)))),
        el("tbody", {}, gaps.map((gap) => el("tr", {}, el("td", { class: "figure" }, gap.rows.length.toLocaleString("en")), el("td", {}, gap.verdict), el("td", {}, el("bdi", {}, gap.reason)))))),
      gaps.length > 0 && el("p", {}, el("a", { href: linkTo("matrix", `record:${record + 1} is:not-run`) }, "Show these cells in the matrix")));
  }));
  return `${counted(lacking, "cell")} did not run, over ${counted(chosen.columns.length, "record")}`;
}
