// The matrix: scenarios down, records across. Only the lines in sight are in the document, so it stays quick.

const LINE = 30, SPARE = 12, NARROW_FROM = 13;
const KIND_MARKS = { unexplained: "!", declared: "†", documented: "§" };

class Matrix {
  constructor(model, onOpen) {
    this.model = model;
    this.onOpen = onOpen;
    this.box = $("grid");
    this.table = $("grid-table");
    this.head = el("thead");
    this.body = el("tbody");
    this.table.append(this.head, this.body);
    this.toggledSections = new Set();
    this.expanded = new Set();
    this.active = { line: 0, column: 0 };
    this.box.addEventListener("scroll", onNextFrame(() => this.draw()));
    this.table.addEventListener("keydown", (event) => this.onKey(event));
    this.table.addEventListener("click", (event) => this.onClick(event));
    window.addEventListener("resize", onNextFrame(() => this.draw()));
    window.addEventListener("beforeprint", () => this.draw(true));
    window.addEventListener("afterprint", () => this.draw());
  }

  /** Shows what a query selects. */
  show({ columns, rows, asked }) {
    this.columns = columns;
    this.asked = asked;
    this.toggledSections.clear();
    this.bySection = new Map();
    for (const row of rows) {
      const scenarios = this.bySection.get(row.scenario.section) || new Map();
      this.bySection.set(row.scenario.section, scenarios);
      if (!scenarios.has(row.scenario)) scenarios.set(row.scenario, { type: "scenario", scenario: row.scenario, rows: [] });
      scenarios.get(row.scenario).rows.push(row);
    }
    this.active = { line: 0, column: 0 };
    this.box.scrollTop = 0;
    this.drawHead();
    this.layOut();
  }

  isOpen(section) {
    return this.toggledSections.has(section) !== this.asked;
  }

  /** Opens or closes all sections. */
  setAll(open) {
    this.toggledSections = new Set(open === this.asked ? [] : this.bySection.keys());
    this.layOut();
  }

  get allOpen() {
    return [...this.bySection.keys()].every((section) => this.isOpen(section));
  }

  layOut() {
    this.lines = [];
    for (const [section, scenarios] of this.bySection) {
      this.lines.push({ type: "section", section, rows: [...scenarios.values()].flatMap((each) => each.rows), scenarios });
      if (!this.isOpen(section)) continue;
      for (const line of scenarios.values()) {
        this.lines.push(line);
        if (this.expanded.has(line.scenario)) for (const row of line.rows) this.lines.push({ type: "row", rows: [row] });
      }
    }
    this.active.line = Math.min(this.active.line, Math.max(0, this.lines.length - 1));
    this.table.setAttribute("aria-rowcount", this.lines.length + 1);
    this.table.setAttribute("aria-colcount", this.columns.length + 1);
    $("fold").textContent = this.allOpen ? "Fold all sections" : "Unfold all sections";
    this.draw();
  }

  drawHead() {
    const narrow = this.columns.length >= NARROW_FROM;
    this.table.classList.toggle("narrow", narrow);
    const heads = this.columns.map((record, place) => {
      const { label } = this.model.records[record];
      return el("th", { scope: "col", role: "columnheader", "aria-colindex": place + 2, title: label },
        el("span", { class: "label" }, el("bdi", {}, label)));
    });
    this.head.replaceChildren(el("tr", { role: "row", "aria-rowindex": 1 },
      el("th", { scope: "col", role: "columnheader", class: "name", "aria-colindex": 1 }, "section and scenario"), heads));
  }

  /** Draws the lines in sight; for the printer all of them. */
  draw(all = false) {
    if (!this.lines) return;
    const height = this.box.clientHeight || 600;
    const from = all ? 0 : Math.max(0, Math.floor(this.box.scrollTop / LINE) - SPARE);
    const to = all ? this.lines.length : Math.min(this.lines.length, from + Math.ceil(height / LINE) + 2 * SPARE);
    const hadFocus = this.body.contains(document.activeElement);
    const spacer = (lines) => {
      const cell = el("td");
      cell.style.height = `${lines * LINE}px`;
      return el("tr", { class: "spacer", "aria-hidden": "true" }, cell);
    };
    const drawn = [];
    for (let number = from; number < to; number++) drawn.push(this.drawLine(this.lines[number], number));
    this.body.replaceChildren(...(from ? [spacer(from)] : []), ...drawn,
      ...(to < this.lines.length ? [spacer(this.lines.length - to)] : []));
    if (hadFocus) this.focus(false);
  }

  drawLine(line, number) {
    const cells = line.type === "section" ? this.sectionCells(line) : this.stateCells(line);
    const tabbable = (column) => (this.active.line === number && this.active.column === column ? 0 : -1);
    cells.forEach((cell, place) => {
      cell.setAttribute("role", "gridcell");
      cell.setAttribute("aria-colindex", place + 2);
      cell.setAttribute("tabindex", tabbable(place + 1));
      cell.dataset.column = place + 1;
    });
    const head = this.lineHead(line);
    head.setAttribute("tabindex", tabbable(0));
    head.dataset.column = 0;
    return el("tr", { role: "row", class: line.type, "aria-rowindex": number + 2, "data-line": number }, head, cells);
  }

  lineHead(line) {
    const attributes = { scope: "row", role: "rowheader", class: "name", "aria-colindex": 1 };
    const head = (more, ...content) => el("th", { ...attributes, ...more }, el("div", { class: "line" }, content));
    const fold = (open) => el("span", { class: "fold", "aria-hidden": "true" }, open ? "▾" : "▸");
    if (line.type === "section") {
      const open = this.isOpen(line.section), title = this.model.sections[line.section] || line.section || "other";
      return head({ "aria-expanded": String(open), title }, fold(open), el("b", { class: "cut" }, title),
        el("span", { class: "count" }, counted(line.scenarios.size, "scenario")));
    }
    if (line.type === "row") {
      const [row] = line.rows;
      return head({}, el("span", { class: "case cut" }, row.caseName && [el("bdi", {}, row.caseName), " · "],
        el("span", { class: "transport" }, row.transport), row.about && [" · ", el("bdi", {}, row.about)]));
    }
    const open = this.expanded.has(line.scenario);
    const name = line.scenario.id.slice(line.scenario.section ? line.scenario.section.length + 1 : 0);
    return head({ "aria-expanded": String(open), title: line.scenario.summary || line.scenario.id }, fold(open),
      el("bdi", { class: "id cut" }, name), el("span", { class: "count" }, line.rows.length));
  }

  sectionCells(line) {
    return this.columns.map((record) => {
      const counts = fingerprintOf(line, record, this.columns, this.model);
      const words = `${this.model.records[record].label}, ${this.model.sections[line.section] || line.section}: ${counts.words}`;
      return el("td", { class: "print", "aria-label": words, title: words }, el("div", {}, fingerprint(counts.stripes), el("span", { class: "tally", "aria-hidden": "true" }, counts.differ || "")));
    });
  }

  stateCells(line) {
    const over = (line.over ??= lettersOver(line.rows, this.columns));
    return this.columns.map((record) => this.stateCell(line, record, over));
  }

  stateCell(line, record, over) {
    const state = stateOf(line.rows, record, over, this.model);
    const where = line.type === "row" ? line.rows[0].id : line.scenario.id;
    return el("td", { class: state.classes, "aria-label": `${this.model.records[record].label}, ${where}: ${state.words}` },
      el("span", { class: "sign" }, state.sign), state.letter && el("span", { class: "letter" }, state.letter),
      state.mark && el("span", { class: "mark" }, state.mark));
  }

  onClick(event) {
    const cell = event.target.closest("[data-column]");
    if (!cell) return;
    this.active = { line: Number(cell.closest("tr").dataset.line), column: Number(cell.dataset.column) };
    this.act();
  }

  act() {
    const line = this.lines[this.active.line], record = this.columns[this.active.column - 1];
    if (!line) return;
    if (line.type === "section") this.toggle(this.toggledSections, line.section);
    else if (this.active.column === 0 && line.type === "scenario") this.toggle(this.expanded, line.scenario);
    else this.onOpen(worthSeeing(line.rows, record ?? this.columns[0], this.columns), record ?? this.columns[0]);
  }

  toggle(set, value) {
    if (!set.delete(value)) set.add(value);
    this.layOut();
    this.focus();
  }

  onKey(event) {
    const page = Math.max(1, Math.floor(this.box.clientHeight / LINE) - 2);
    const { line, column } = this.active;
    const moves = {
      ArrowDown: [line + 1, column], ArrowUp: [line - 1, column], ArrowRight: [line, column + 1], ArrowLeft: [line, column - 1],
      PageDown: [line + page, column], PageUp: [line - page, column],
      Home: [event.ctrlKey ? 0 : line, 0], End: [event.ctrlKey ? this.lines.length - 1 : line, this.columns.length],
    };
    if (event.key === "Enter" || event.key === " ") this.act();
    else if (moves[event.key]) this.moveTo(...moves[event.key]);
    else return;
    event.preventDefault();
  }

  moveTo(line, column) {
    this.active = {
      line: Math.min(Math.max(line, 0), this.lines.length - 1), column: Math.min(Math.max(column, 0), this.columns.length),
    };
    this.focus();
  }

  /** Brings the active cell into sight and focuses it. */
  focus(scroll = true) {
    if (scroll) {
      const top = this.active.line * LINE, room = this.box.clientHeight - this.head.offsetHeight - LINE;
      if (top < this.box.scrollTop) this.box.scrollTop = top;
      if (top > this.box.scrollTop + room) this.box.scrollTop = top - room;
      this.draw();
    }
    for (const old of this.body.querySelectorAll('[tabindex="0"]')) old.setAttribute("tabindex", -1);
    const cell = this.body.querySelector(`[data-line="${this.active.line}"] [data-column="${this.active.column}"]`);
    if (!cell) return;
    cell.setAttribute("tabindex", 0);
    cell.focus({ preventScroll: true });
    if (scroll && this.active.column) this.besideNames(cell);
  }

  /** Scrolls sideways until a cell is right of the column of names, which stays where it is. */
  besideNames(cell) {
    const names = this.head.querySelector(".name").offsetWidth;
    const left = cell.offsetLeft - names, right = cell.offsetLeft + cell.offsetWidth - this.box.clientWidth;
    if (this.box.scrollLeft > left) this.box.scrollLeft = left;
    if (this.box.scrollLeft < right) this.box.scrollLeft = right;
  }
}

/** The row to open of several: with an unexplained difference, with any difference, else the first that the record ran. */
function worthSeeing(rows, record, columns) {
  const differing = rows.filter((row) => row.groups[record] !== NO_GROUP && differs(row, columns));
  const apart = differing.filter((row) => row.groups[record] !== "A");
  return [...(apart.length ? apart : differing)].sort((one, other) => one.kind - other.kind)[0]
    || rows.find((row) => row.groups[record] !== NO_GROUP) || rows[0];
}

/** How a record stands in one or more rows: the sign of its verdicts, the letter of its group, the mark of the kind. */
function stateOf(rows, record, over, model) {
  const codes = [...new Set(rows.map((row) => row.codes[record]))].sort((one, other) => ORDER.indexOf(one) - ORDER.indexOf(other));
  const place = over.several ? over.places.get(record) : null;
  const apart = place && over.several
    ? rows.filter((row, number) => over.first.groups[number] !== NO_GROUP && row.groups[record] !== NO_GROUP
        && row.groups[record] !== over.first.groups[number])
    : [];
  const kind = apart.length ? model.kinds[Math.min(...apart.map((row) => row.kind))] : "";
  const counts = codes.map((code) => `${rows.filter((row) => row.codes[record] === code).length} ${model.signs[code].name}`);
  const verdicts = rows.length === 1 ? model.signs[codes[0]].name : counts.join(", ");
  const shown = codes.length > 1 ? codes.filter((code) => code !== MISSING) : codes;
  return {
    sign: shown.slice(0, 3).map((code) => model.signs[code].sign).join(""),
    letter: place ? place.letter : "", mark: KIND_MARKS[kind] || "",
    classes: ["state", `v-${shown[0]}`, place && `g-${groupClass(place.letter)}`, kind && `k-${kind}`]
      .filter(Boolean).join(" "),
    words: [verdicts, place && `behaves as group ${place.letter}`, kind && `${kind} difference`].filter(Boolean).join("; "),
  };
}

const ORDER = "fkipuomn";
const groupClass = (letter) => (letter.length === 1 && letter <= "F" ? letter : "Z");

/** A section in one record: a stripe for each scenario, and how many differ from the largest group, ran alike, or did not run. */
function fingerprintOf(line, record, columns, model) {
  const stripes = [];
  let differ = 0, idle = 0, alike = 0, unexplained = 0;
  for (const each of line.scenarios.values()) {
    const over = (each.over ??= lettersOver(each.rows, columns));
    const state = (each.states ??= new Map()).get(record) || stateOf(each.rows, record, over, model);
    each.states.set(record, state);
    if (state.mark) { differ++; stripes.push(state.mark); if (state.mark === "!") unexplained++; }
    else if (each.rows.every((row) => row.groups[record] === NO_GROUP)) { idle++; stripes.push("–"); }
    else { alike++; stripes.push("="); }
  }
  const words = [differ && `${differ} differ`, unexplained && `${unexplained} of them unexplained`,
    alike && `${alike} as most records`, idle && `${idle} not run`].filter(Boolean).join(", ");
  return { stripes, differ, words };
}

function fingerprint(stripes) {
  const paths = {};
  stripes.forEach((stripe, place) => { (paths[stripe] ??= []).push(`M${place} 0h1v10h-1z`); });
  const classes = { "!": "unexplained", "†": "declared", "§": "documented", "–": "idle", "=": "alike" };
  return svg("svg", { viewBox: `0 0 ${stripes.length} 10`, preserveAspectRatio: "none", "aria-hidden": "true" },
    Object.entries(paths).map(([stripe, moves]) => svg("path", { d: moves.join(""), class: classes[stripe] })));
}
