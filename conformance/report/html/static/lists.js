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
function drawClaims(model, chosen, record, onGo) {
  const scenarios = new Set(chosen.rows.map((row) => row.scenario));
  const asked = new Set(chosen.claims), { label } = model.records[record];
  const found = model.claims.filter((claim) => !chosen.asked || (asked.size ? asked.has(claim) : claim.scenarios.some((each) => scenarios.has(each))));
  const sections = new Map();
  for (const claim of found) sections.set(claim.id.split("/")[0], [...(sections.get(claim.id.split("/")[0]) || []), claim]);
  const counts = model.statuses.map((status) => [status, found.filter((claim) => standingsOf(claim, label).some((each) => each.status === status)).length])
    .filter(([, number]) => number);
  $("claims-list").replaceChildren(
    el("p", { class: "tallies" }, counts.map(([status, number]) => statusBadge(status, `${number} ${status}`))),
    ...[...sections].map(([section, claims]) => el("section", {}, el("h3", {}, model.sections[section] || section), claims.map((claim) => claimCard(claim, record, model, onGo)))));
  return `${counted(found.length, "claim")} on ${label}`;
}

const statusBadge = (status, words = status) => el("span", { class: `status s-${status.split(" ").join("-")}` }, `${STATUS_SIGNS[status] || "•"} ${words}`);

/** What the claim is on a record: one standing, or one for each pair that the record is part of. */
function standingsOf(claim, label) {
  const own = claim.on.filter((each) => each.name === label);
  return own.length ? own : claim.on.filter((each) => each.name.startsWith(`${label} and `) || each.name.endsWith(` and ${label}`));
}

function claimCard(claim, record, model, onGo) {
  const here = standingsOf(claim, model.records[record].label), first = here[0] || { status: "untested", lines: [], for: 0, against: 0 };
  const others = new Map();
  for (const each of claim.on) if (!here.includes(each) && each.status !== first.status) others.set(each.status, [...(others.get(each.status) || []), each.name]);
  return el("article", { class: "claim", id: `claim-${claim.id}` },
    el("h4", {}, statusBadge(first.status), " ", el("code", {}, claim.id)),
    el("p", { class: "says" }, el("b", {}, "The HOWTO: "), claim.says),
    claim.caveat && el("p", { class: "caveat" }, el("b", {}, "In practice: "), claim.caveat),
    here.flatMap((standing) => [
      standing.name !== model.records[record].label && el("p", {}, el("bdi", {}, standing.name), ": ", standing.status),
      standing.lines.length > 0 && el("ul", { class: "shown" }, standing.lines.map((line) => shownLine(line, record, model, onGo))),
    ]),
    claim.lacks && el("p", { class: "note" }, claim.lacks),
    [...others].map(([status, names]) => el("p", { class: "elsewhere" }, `${STATUS_SIGNS[status] || "•"} ${status} on `, el("bdi", {}, namesOf(names)))),
    el("p", { class: "cells" }, first.lines.length > 0 && `${counted(first.for, "step")} for, ${first.against} against. `,
      claim.scenarios.length > 0 && [el("a", { href: linkTo("matrix", `claim:${claim.id}`) }, counted(claim.scenarios.length, "scenario")), " about it"]));
}

/** What the machine did: the sentence, an exemplary step with a link to its cell, and how many steps show the same. */
function shownLine(line, record, model, onGo) {
  const row = model.rowById.get(line.cell);
  return el("li", {}, el("span", { class: line.confirms ? "v-p" : "v-f" }, line.confirms ? "✓ " : "✗ "), line.shows, " ",
    el("span", { class: "note" }, el("code", {}, el("bdi", {}, line.did)), " in ", row ? el("a", { href: onGo(row, record) }, el("bdi", {}, line.cell)) : el("bdi", {}, line.cell),
      line.step ? `, step ${line.step}` : "", line.number > 1 && `, and ${line.number - 1} more`));
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
