// The page as a whole. The address holds everything that can be linked to: #view?q=query&cell=cell@record&on=record.

const VIEWS = ["matrix", "differences", "claims", "measures", "coverage"];

const linkTo = (view, query, more = {}) => {
  const parameters = new URLSearchParams({ ...(query ? { q: query } : {}), ...more }).toString();
  return `#${view}${parameters ? `?${parameters}` : ""}`;
};

function address() {
  const [view, parameters] = location.hash.replace(/^#/, "").split(/\?(.*)/s);
  const found = new URLSearchParams(parameters || "");
  return { view: VIEWS.includes(view) ? view : "matrix", query: found.get("q") || "", cell: found.get("cell") || "", on: found.get("on") || "" };
}

class Page {
  constructor(model) {
    this.model = model;
    this.matrix = new Matrix(model, (row, record) => this.go(this.cellLink(row, record)));
    this.panel = new CellPanel(model, (row, record) => this.cellLink(row, record), () => this.leaveCell());
    this.shownQuery = null;
    $("skip").addEventListener("click", (event) => { event.preventDefault(); $("results").focus(); });
    this.prepareFilters();
    window.addEventListener("hashchange", () => this.show());
    this.show();
    document.body.classList.add("ready");
  }

  prepareFilters() {
    const input = $("query");
    let waiting = 0;
    input.addEventListener("input", () => {
      clearTimeout(waiting);
      waiting = setTimeout(() => this.ask(input.value, true), 120);
    });
    $("search").addEventListener("submit", (event) => { event.preventDefault(); clearTimeout(waiting); this.ask(input.value); });
    $("clear").addEventListener("click", () => { this.ask(""); input.focus(); });
    $("fold").addEventListener("click", () => this.matrix.setAll(!this.matrix.allOpen));
    for (const button of document.querySelectorAll("[data-term]"))
      button.addEventListener("click", () => this.ask(toggled(input.value, button.dataset.term)));
    this.pickers = { section: $("pick-section"), transport: $("pick-transport"), one: $("pick-one"), other: $("pick-other"), on: $("pick-on") };
    const fill = (select, values, first) => select.append(...(first ? [el("option", { value: "" }, first)] : []), ...values.map(([value, words]) => el("option", { value }, words)));
    const records = this.model.records.map((record, number) => [String(number + 1), record.label]);
    fill(this.pickers.section, [...new Set(this.model.rows.map((row) => row.scenario.section))].map((name) => [name, this.model.sections[name] || name]), "all sections");
    fill(this.pickers.transport, [...new Set(this.model.rows.map((row) => row.transport))].map((name) => [name, name]), "all transports");
    fill(this.pickers.one, records, "any record");
    fill(this.pickers.other, records, "any other");
    fill(this.pickers.on, records);
    for (const key of ["section", "transport"])
      this.pickers[key].addEventListener("change", (event) => this.ask(withKey(input.value, key, event.target.value)));
    for (const key of ["one", "other"]) this.pickers[key].addEventListener("change", () => this.pickPair(input));
    this.pickers.on.addEventListener("change", (event) => this.go(linkTo("claims", address().query, { on: event.target.value })));
  }

  pickPair(input) {
    const pair = [this.pickers.one.value, this.pickers.other.value];
    if (pair.every(Boolean)) this.ask(withKey(input.value, "pair", pair.join(",")));
    else if (!pair.some(Boolean)) this.ask(withKey(input.value, "pair", ""));
  }

  /** Puts a query into the address; while somebody types without an entry in the history. */
  ask(query, typing = false) {
    const { view, on } = address(), link = linkTo(view, query.trim(), on ? { on } : {});
    if (typing) { history.replaceState(null, "", link); this.show(true); }
    else this.go(link);
  }

  /** Shows another place at once, with an entry in the history. A new hash would be shown only after an event. */
  go(link) {
    if (location.hash !== link) history.pushState(null, "", link);
    this.show();
  }

  cellLink(row, record) {
    const { view, query, on } = address();
    return linkTo(view, query, { ...(on ? { on } : {}), cell: `${row.id}@${this.model.records[record].label}` });
  }

  leaveCell() {
    const { view, query, cell, on } = address();
    if (cell) this.go(linkTo(view, query, on ? { on } : {}));
    if (view === "matrix") this.matrix.focus();
  }

  /** Draws what the address says. */
  show(typing = false) {
    const { view, query, cell, on } = address();
    const input = $("query");
    if (!typing) input.value = query;
    const record = Math.max(0, Number(on || 1) - 1) % this.model.records.length;
    this.turnTo(view);
    if (this.shownQuery !== `${view} ${record} ${query}`) {
      this.shownQuery = `${view} ${record} ${query}`;
      this.draw(view, query, record);
    }
    this.markFilters(query);
    this.showCell(cell);
    document.body.dataset.shown = location.hash;
  }

  turnTo(view) {
    for (const name of VIEWS) {
      $(name === "matrix" ? "view-matrix" : `view-${name}`).hidden = name !== view;
      const link = document.querySelector(`[data-view="${name}"]`);
      link.href = linkTo(name, address().query);
      if (name === view) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
  }

  draw(view, query, record) {
    $("fold").hidden = view !== "matrix";
    const chosen = selected(query, this.model);
    const words = {
      matrix: () => { this.matrix.show(chosen); return `${counted(chosen.rows.length, "cell")} of ${counted(new Set(chosen.rows.map((row) => row.scenario)).size, "scenario")}, in ${counted(chosen.columns.length, "record")}`; },
      differences: () => drawDifferences(this.model, chosen, (row, each) => this.cellLink(row, each)),
      claims: () => { this.pickers.on.value = String(record + 1); return drawClaims(this.model, { ...chosen, claims: claimsOf(query, this.model) }, record, (row, each) => this.cellLink(row, each)); },
      measures: () => drawMeasures(this.model, chosen),
      coverage: () => drawCoverage(this.model, chosen),
    }[view]();
    $("found").textContent = chosen.mistakes.length ? `${chosen.mistakes.join(". ")}. Shown: ${words}.` : `Shown: ${words}.`;
    $("found").classList.toggle("mistake", chosen.mistakes.length > 0);
  }

  markFilters(query) {
    const words = query.split(/\s+/);
    for (const button of document.querySelectorAll("[data-term]"))
      button.setAttribute("aria-pressed", String(words.includes(button.dataset.term)));
    const terms = termsOf(query), valueOf = (key) => terms.find((term) => term.key === key && !term.not)?.values || [""];
    for (const key of ["section", "transport"]) this.pickers[key].value = valueOf(key)[0];
    if (valueOf("pair").length === 2) [this.pickers.one.value, this.pickers.other.value] = valueOf("pair");
    else if (!terms.some((term) => term.key === "pair") && document.activeElement !== this.pickers.one && document.activeElement !== this.pickers.other)
      this.pickers.one.value = this.pickers.other.value = "";
    $("clear").hidden = !query;
  }

  showCell(cell) {
    if (!cell) { this.panel.close(); return; }
    const at = cell.lastIndexOf("@"), row = this.model.rowById.get(cell.slice(0, at));
    const record = this.model.records.findIndex((each) => each.label === cell.slice(at + 1));
    if (row && record >= 0) this.panel.open(row, record);
    else { this.panel.close(); $("found").textContent = `This report has no cell ${cell}.`; }
  }
}

const claimsOf = (query, model) => termsOf(query).filter((term) => term.key === "claim" && !term.not)
  .flatMap((term) => model.claims.filter((claim) => term.values.some((value) => within(claim.id, value))));

// light and dark

const THEMES = ["system", "light", "dark"];

function prepareTheme() {
  const button = $("theme");
  const put = (theme) => {
    if (theme === "system") document.documentElement.removeAttribute("data-theme");
    else document.documentElement.dataset.theme = theme;
    button.textContent = `Colours: ${theme}`;
    button.dataset.theme = theme;
    try { localStorage.setItem("conformance-theme", theme); } catch { /* a page in a sandbox keeps no settings */ }
  };
  let kept = "system";
  try { kept = localStorage.getItem("conformance-theme"); } catch { /* as above */ }
  put(THEMES.includes(kept) ? kept : "system");
  button.addEventListener("click", () => put(THEMES[(THEMES.indexOf(button.dataset.theme) + 1) % THEMES.length]));
}

prepareTheme();
decoded("data").then((data) => { window.report = new Page(modelOf(data)); }).catch((error) => {
  $("found").textContent = `The data of this report cannot be read: ${error}`;
  $("found").classList.add("mistake");
  throw error;
});
