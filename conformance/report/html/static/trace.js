// Sequence diagrams side by side: a line for each step, a lifeline for each actor, the first difference marked.

/** A side is what one group of records did: its letter, its words for people, and the behaviour. */
function trace(sides, parting, narrow) {
  const numbers = [...new Set(sides.flatMap((side) => side.did.acts.map((act) => act.number)))].sort((a, b) => a - b);
  const first = sides.length > 1 ? firstDifference(sides, numbers, parting) : 0;
  if (!numbers.length) return [];
  return narrow && sides.length > 1 ? sides.map((side) => drawn([side], numbers, first)) : [drawn(sides, numbers, first)];
}

/** The first step that differs: the one that the comparison names if these sides differ there, else the first one. */
function firstDifference(sides, numbers, parting) {
  if (parting && parting.step && unlike(sides, parting.step)) return parting.step;
  return numbers.find((number) => unlike(sides, number, true)) ?? 0;
}

function unlike(sides, number, strict = false) {
  const acts = sides.map((side) => side.did.acts.find((act) => act.number === number));
  if (strict && acts.some((act) => act && act.free)) return false;
  return new Set(acts.map((act) => (act ? `${act.did}\n${act.met}` : ""))).size > 1;
}

function drawn(sides, numbers, first) {
  const lanes = sides.map((side) => (side.did.lanes.length ? side.did.lanes : [""]));
  const total = lanes.reduce((sum, each) => sum + each.length, 0);
  const head = [
    el("tr", {}, el("th", { scope: "col", rowspan: 2, class: "number" }, "step"),
      sides.map((side, place) => el("th", { scope: "colgroup", colspan: lanes[place].length, class: "side" },
        side.letter && el("span", { class: `letter g-${groupClass(side.letter)}` }, side.letter), " ", el("bdi", {}, side.label)))),
    el("tr", {}, lanes.flatMap((each) => each.map((actor, place) =>
      el("th", { scope: "col", class: `lane${place ? "" : " outer"}` }, el("span", { class: "actor" }, el("bdi", {}, actor)))))),
  ];
  const lines = numbers.flatMap((number) => stepLines(sides, lanes, number, first, total));
  return el("table", { class: "trace" }, el("thead", {}, head), el("tbody", {}, lines));
}

function stepLines(sides, lanes, number, first, total) {
  const acts = sides.map((side) => side.did.acts.find((act) => act.number === number));
  const differs = sides.length > 1 && unlike(sides, number) && !acts.some((act) => act && act.free && number !== first);
  const classes = number === first ? "first" : differs ? "differs" : "";
  const lines = [];
  if (number === first)
    lines.push(el("tr", { class: "first flag" }, el("td", { colspan: total + 1 }, "▼ first difference")));
  lines.push(el("tr", { class: classes, "data-step": number },
    el("th", { scope: "row", class: "number" }, number, differs && number !== first && el("span", { class: "unlike", title: "differs too" }, " Δ")),
    acts.flatMap((act, place) => callCells(act, lanes[place], sides[place].did))));
  if (acts.some((act) => act && act.travelled))
    lines.push(el("tr", { class: `${classes} arrows` }, el("td", { class: "number" }),
      acts.flatMap((act, place) => arrowCells(act, lanes[place]))));
  return lines;
}

function callCells(act, lanes, did) {
  const lane = (place, ...content) => el("td", { class: `lane${place ? "" : " outer"}` }, content);
  if (!act) return lanes.map((_, place) => lane(place, place ? null : el("span", { class: "none" }, "not run")));
  if (!lanes.includes(act.actor))
    return [el("td", { colspan: lanes.length, class: "across outer" }, el("div", {}, `${act.actor}: `, said(act.says)), result(act, did))];
  return lanes.map((actor, place) => (actor === act.actor ? lane(place, el("div", { class: "call" },
    el("span", { class: "dot", "aria-hidden": "true" }, act.did.startsWith("blocked") ? "◆" : act.pending ? "○" : "●"), said(act.says)),
    result(act, did)) : lane(place)));
}

const said = (words) => el("bdi", { class: "said" }, words);

/** What came back; nothing where a call only returned, as expected. */
function result(act, did) {
  const wrong = act.number === did.failing && ["fail", "known-deviation"].includes(did.verdict);
  const plain = act.did === "returned" && !wrong && !act.releasedBy;
  const more = [act.releasedBy && `released by step ${act.releasedBy}`, act.wait && act.wait.split(" ")[0]].filter(Boolean).join(", ");
  return [
    !plain && el("div", { class: wrong ? "did wrong" : "did" }, wrong ? "✗ " : "⤷ ", el("bdi", {}, act.did),
      more && el("span", { class: "more", title: act.wait }, ` · ${more}`)),
    wrong && el("div", { class: "did wrong" }, `expected: ${act.expected}`),
    act.states.map((state) => el("div", { class: "socket" }, el("bdi", {}, state))),
  ];
}

/** The arrow of what travelled, where there are exactly two actors; else the words of it. */
function arrowCells(act, lanes) {
  if (!act || !act.travelled) return lanes.map((_, place) => el("td", { class: `lane${place ? "" : " outer"}` }));
  const from = lanes.indexOf(act.actor);
  if (lanes.length !== 2 || from < 0)
    return lanes.map((_, place) => el("td", { class: `lane${place ? "" : " outer"}` }, place === Math.max(from, 0) && el("div", { class: "sent" }, `→ ${act.travelled}`)));
  return [el("td", { colspan: 2, class: "outer" },
    el("div", { class: from === 0 ? "arrow right" : "arrow left" }, el("span", {}, el("bdi", {}, act.travelled))))];
}
