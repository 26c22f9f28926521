// The panel of one cell: what each group of records did, side by side, who says what is right, and how to run it again.

class CellPanel {
  constructor(model, onGo, onClose) {
    this.model = model;
    this.onGo = onGo;
    this.dialog = $("cell");
    this.content = $("cell-content");
    this.narrow = matchMedia("(max-width: 760px)");
    this.narrow.addEventListener("change", () => this.row && this.draw());
    this.dialog.addEventListener("close", onClose);
    this.dialog.addEventListener("click", (event) => { if (event.target === this.dialog) this.dialog.close(); });
    $("cell-close").addEventListener("click", () => this.dialog.close());
  }

  open(row, record) {
    const another = !this.row || this.row.scenario !== row.scenario;
    this.row = row;
    this.record = record;
    this.chosen = this.ordinarySides();
    this.draw();
    if (!this.dialog.open) this.dialog.showModal();
    if (another) this.dialog.scrollTop = 0;
  }

  close() {
    this.row = null;
    if (this.dialog.open) this.dialog.close();
  }

  /** The sides that can be shown: a group of records each, then each reason for which records did not run. */
  sides() {
    const { row, model } = this;
    const all = model.records.map((_, record) => record);
    const groups = row.letters.map((group) => ({
      group, letter: letterOf(placeOf(group)), records: all.filter((record) => row.groups[record] === group),
    }));
    const others = new Map();
    for (const record of all.filter((each) => row.groups[each] === NO_GROUP && row.codes[each] !== "n")) {
      const words = `${model.signs[row.codes[record]].name}${row.gaps.get(record) ? `: ${row.gaps.get(record).reason}` : ""}`;
      others.set(words, { letter: "", words, records: [...(others.get(words)?.records || []), record] });
    }
    return [...groups, ...others.values()].map((side) => this.described(side));
  }

  /** A side with the record that stands for it, which is the chosen one where it is among them, and what that one did. */
  described(side) {
    const record = side.records.includes(this.record) ? this.record : side.records[0];
    const names = side.records.map((each) => this.model.records[each].label);
    const label = namesOf(names, 8);
    return { ...side, record, names, label, did: side.group ? behaviourOf(this.row, side.group, this.model) : null };
  }

  /** The largest group first, and beside it that of the chosen record, else the next one. */
  ordinarySides() {
    const sides = this.sides();
    const own = sides.findIndex((side) => side.records.includes(this.record));
    if (sides.length < 2) return [0];
    return own > 0 ? [0, own] : sides[1].letter ? [0, 1] : [Math.max(own, 0)];
  }

  draw() {
    const { row, model, record } = this;
    const { scenario } = row, all = this.sides();
    const shown = this.chosen.map((place) => all[place]).filter(Boolean);
    const parting = row.partings[0];
    $("cell-title").replaceChildren(el("bdi", {}, scenario.id));
    this.content.replaceChildren(...[
      scenario.summary && el("p", { class: "summary" }, scenario.summary), scenario.why && el("p", {}, scenario.why),
      this.chooser(),
      el("p", { class: "here" }, el("b", {}, this.row.caseName && `${row.caseName}, `, row.transport), " on ",
        el("bdi", {}, model.records[record].label), ": ", verdictWords(row, record, model), " · ",
        el("a", { href: this.onGo(row, record) }, "link to this cell")),
      row.versions && el("p", { class: "note" }, "The records ran different versions of this scenario, so they are not compared here."),
      parting && this.difference(parting), all.length > 1 && this.sidePickers(all),
      el("section", { class: "sequence", "aria-label": "what happened" }, el("h3", {}, "What happened"),
        shown.every((side) => !side.did || !side.did.acts.length) ? this.nothingRan(shown)
          : trace(shown.filter((side) => side.did), parting, this.narrow.matches)),
      this.notes(shown), this.packets(shown), expectations(shown, scenario), this.command(), scenarioText(row, parting, model),
    ].flat().filter(Boolean));
  }

  /** Buttons for the other cells of the scenario. */
  chooser() {
    const { scenario } = this.row;
    if (scenario.rows.length < 2) return null;
    const all = this.model.records.map((_, record) => record);
    return el("nav", { class: "chips", "aria-label": "cells of this scenario" }, scenario.rows.map((row) => {
      const apart = differs(row, all), kind = apart ? this.model.kinds[row.kind] : "";
      const state = this.model.signs[row.codes[this.record]];
      return el("a", { href: this.onGo(row, this.record), class: kind && `k-${kind}`, "aria-current": row === this.row && "true" },
        el("span", { "aria-hidden": "true" }, state.sign, " "), row.caseName && `${row.caseName} · `, row.transport, row.about && ` · ${row.about}`,
        apart && el("span", { class: "mark", title: `${kind} difference` }, ` Δ${KIND_MARKS[kind]}`));
    }));
  }

  difference(parting) {
    const { row, model } = this;
    const kind = model.kinds[row.kind];
    return el("section", { class: `difference k-${kind}`, "aria-label": "the difference" },
      el("h3", {}, kindBadge(kind), " ", parting.step ? `They differ from step ${parting.step} on` : "They differ", ": ",
        el("code", {}, el("bdi", {}, parting.says)), " ", el("span", { class: "depth" }, `(${parting.depth})`)),
      sideTable(parting, row, model),
      row.entry && row.entry.rows.length > 1 && el("p", {}, "The same difference in ",
        el("a", { href: linkTo("matrix", `entry:${row.entry.number + 1}`) }, counted(row.entry.rows.length, "cell")), "."));
  }

  sidePickers(all) {
    const picker = (place, title) => el("label", {}, `${title} `, el("select", { on: { change: (event) => this.choose(place, event.target.value) } },
      place === 1 && el("option", { value: "", selected: this.chosen.length < 2 }, "nothing"),
      all.map((side, number) => el("option", { value: number, selected: this.chosen[place] === number },
        `${side.letter || "–"}  ${side.label}${side.words ? ` (${side.words})` : ""}`))));
    return el("div", { class: "pickers" }, picker(0, "Show"), picker(1, "beside"));
  }

  choose(place, value) {
    this.chosen = place === 0 ? [Number(value), ...this.chosen.slice(1)] : [this.chosen[0], ...(value === "" ? [] : [Number(value)])];
    this.draw();
  }

  nothingRan(shown) {
    return el("p", { class: "note" }, shown.map((side) => `${side.label}: ${side.did ? side.did.reason || side.did.verdict : side.words}`).join("; "));
  }

  notes(shown) {
    const found = shown.flatMap((side) => [
      ...(side.did && side.did.acts.length && side.did.reason ? [side.did.reason] : []), ...(side.did ? side.did.notes : []),
    ].map((note) => el("li", {}, side.letter && `${side.letter}: `, el("bdi", { class: "lines" }, note))));
    return found.length ? [el("h3", {}, "Notes"), el("ul", {}, found)] : null;
  }

  packets(shown) {
    return shown.filter((side) => side.did && side.did.wire.length).flatMap((side) => [
      el("h3", {}, "Packets, ", el("bdi", {}, this.model.records[side.record].label)),
      el("pre", { class: "packets" }, (this.narrow.matches ? side.did.narrow : side.did.wire).join("\n")),
    ]);
  }

  command() {
    const command = commandOf(this.row, this.model.records[this.record]);
    const button = el("button", { type: "button", on: { click: async () => {
      try { await navigator.clipboard.writeText(command); button.textContent = "copied"; }
      catch { getSelection().selectAllChildren(code); button.textContent = "selected"; }
    } } }, "copy");
    const code = el("code", { class: "command" }, command);
    return [el("h3", {}, "Run it again"), el("p", { class: "run" }, code, " ", button)];
  }
}

function verdictWords(row, record, model) {
  const { name, sign } = model.signs[row.codes[record]];
  const gap = row.gaps.get(record);
  return el("span", { class: `v-${row.codes[record]}` }, `${sign} ${name}`,
    gap && gap.reason !== name && `: ${gap.reason}`, row.groups[record] !== NO_GROUP && row.letters.length > 1 && `, group ${letterOf(placeOf(row.groups[record]))}`);
}

const kindBadge = (kind) => el("span", { class: `badge k-${kind}` }, `${KIND_MARKS[kind]} ${kind}`);

/** What each group did at a step, what was expected there, and who says so. */
function sideTable(parting, row, model) {
  return el("table", { class: "sides" }, el("thead", {}, el("tr", {}, ["group", "records", "did", "expected there, and who says so"]
    .map((head) => el("th", { scope: "col" }, head)))), el("tbody", {}, parting.sides.map((side) => {
    const names = model.records.filter((_, record) => row.groups[record] === side.group).map((record) => record.label);
    return el("tr", {}, el("th", { scope: "row", "data-head": "group" }, el("span", { class: `letter g-${groupClass(side.letter)}` }, side.letter)),
      el("td", { "data-head": "records" }, recordNames(names)), el("td", { "data-head": "did" }, el("bdi", {}, side.did)),
      el("td", { "data-head": "expected there" }, el("bdi", {}, whoSays(side))));
  })));
}

function recordNames(names) {
  if (names.length <= 12) return el("bdi", {}, namesOf(names));
  return el("details", {}, el("summary", {}, namesOf(names, 4)), el("bdi", {}, namesOf(names, names.length)));
}

const BASIS_WORDS = { observed: "a run there showed it", documented: "the documentation states it", "source-code": "read in its source code", inferred: "inferred" };

function whoSays(side) {
  const where = side.where ? ` on ${side.where}` : "";
  const basis = side.basis ? `; ${BASIS_WORDS[side.basis] || side.basis}${side.basis === "observed" ? "" : ", never observed"}` : "";
  return [side.expected && `${side.expected}${where}`, side.source && ` (${side.source}${basis})`, side.standing && ` — ${side.standing}`,
    side.reason && `: ${side.reason}`].filter(Boolean).join("");
}

/** The expectations of all steps, of each side where they differ. */
function expectations(shown, scenario) {
  const found = new Map();
  for (const side of shown) for (const act of side.did ? side.did.acts : []) {
    const key = [act.number, act.expected, act.source, act.basis].join("\n");
    found.set(key, { act, sides: [...(found.get(key)?.sides || []), { side, met: act.met }] });
  }
  if (!found.size) return null;
  const rows = [...found.values()].sort((one, other) => one.act.number - other.act.number);
  const met = ["✗ no", "✓ yes", "not judged"];
  return el("details", { open: true }, el("summary", {}, el("h3", {}, "Expectations")), el("table", { class: "sides" },
    el("thead", {}, el("tr", {}, ["step", "expected", "source of its own", "met"].map((head) => el("th", { scope: "col" }, head)))),
    el("tbody", {}, rows.map(({ act, sides }) => el("tr", {}, el("th", { scope: "row", "data-head": "step" }, act.number),
      el("td", { "data-head": "expected" }, el("bdi", {}, act.expected || "nothing is judged")),
      el("td", { "data-head": "source" }, el("bdi", {}, [act.source, act.basis].filter(Boolean).join("; "))),
      el("td", { "data-head": "met" }, sides.map(({ side, met: number }) => `${side.letter ? `${side.letter} ` : ""}${met[number]}`).join(", ")))))),
    scenario.sources && scenario.sources.length > 0 && el("p", { class: "note" }, "Where a step has no source of its own, those of the scenario hold: ", el("bdi", {}, scenario.sources.join("; ")), "."));
}

/** The file of the scenario, its claims and sources; the line of the first difference is marked. */
function scenarioText(row, parting, model) {
  const { scenario } = row;
  const claims = (scenario.claims || []).map((claim) => el("li", {}, el("a", { href: linkTo("claims", `claim:${model.claims[claim].id}`) }, model.claims[claim].id), `: ${model.claims[claim].says}`));
  const sources = (scenario.sources || []).map((source) => el("li", {}, el("bdi", {}, source)));
  return [
    el("h3", {}, "The scenario"), el("p", { class: "file" }, el("bdi", {}, scenario.file), `, level ${scenario.level}`),
    sources.length > 0 && el("div", {}, "Sources:", el("ul", {}, sources)), claims.length > 0 && el("div", {}, "Claims of the HOWTO:", el("ul", {}, claims)),
    scenario.text ? coloured(scenario, parting && parting.step ? parting.line : 0)
      : el("p", { class: "note" }, "The file is not part of this page: no scenario here has the content that the records name."),
  ];
}

function coloured({ text, pieces }, marked) {
  const characters = Array.from(text), lines = [[]];
  const kinds = ["", "y-key", "y-text", "y-number", "y-comment", "y-sign"];
  for (let place = 0, at = 0; place < pieces.length; place += 2) {
    const piece = characters.slice(at, (at += pieces[place])).join("");
    piece.split("\n").forEach((part, number) => {
      if (number) lines.push([]);
      if (part) lines[lines.length - 1].push(el("span", { class: kinds[pieces[place + 1]] }, part));
    });
  }
  if (!lines[lines.length - 1].length) lines.pop();
  return el("ol", { class: "yaml" }, lines.map((line, number) => el("li", { class: number + 1 === marked && "marked" },
    el("code", {}, line.length ? line : " "))));
}
