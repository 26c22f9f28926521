// The data of the page: decoded once, then rows, scenarios and records that refer to each other.

async function decoded(id) {
  const bytes = Uint8Array.from(atob($(id).textContent.trim()), (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return JSON.parse(await new Response(stream).text());
}

const MISSING = "m", NO_GROUP = " ";
const placeOf = (group) => group.charCodeAt(0) - 65;

function modelOf(data) {
  const text = (number) => data.texts[number];
  const model = { ...data, text };
  model.signs = Object.fromEntries(Object.entries(data.signs).map(([code, [name, sign]]) => [code, { name, sign }]));
  model.scenarios = data.scenarios.map((scenario) => ({ ...scenario, rows: [] }));
  model.rows = data.rows.map(([scenario, caseName, transport, about], number) => ({
    number, scenario: model.scenarios[scenario], caseName: text(caseName), transport: text(transport), about: text(about),
    codes: data.codes[number], groups: data.groups[number], kept: data.behaviours[number],
    partings: (data.partings[number] || []).map((row) => partingOf(row, model)), versions: data.versions[number],
    entry: null, gaps: new Map(),
  }));
  for (const row of model.rows) {
    row.scenario.rows.push(row);
    row.id = `${row.scenario.id}[${[row.caseName, row.transport].filter(Boolean).join("-")}]${row.about && ` ${row.about}`}`;
    row.letters = [...new Set(row.groups)].filter((letter) => letter !== NO_GROUP).sort();
    row.kind = row.partings.length ? Math.min(...row.partings.map((parting) => parting.kind)) : -1;
  }
  model.entries = data.entries.map(([kind, depth, title, rows], number) => {
    const entry = { number, kind, depth, title, rows: rows.map((row) => model.rows[row]) };
    for (const row of entry.rows) row.entry = entry;
    return entry;
  });
  model.gaps = data.gaps.map(([record, verdict, reason, rows]) => {
    const gap = { record, verdict, reason, rows: rows.map((row) => model.rows[row]) };
    for (const row of gap.rows) row.gaps.set(record, gap);
    return gap;
  });
  model.claims = data.claims.map(([id, says, caveat, lacks, on]) => ({
    id, says, caveat, lacks, scenarios: [], on: on.map(([name, standing]) => standingOf(text(name), data.standings[standing], model)),
  }));
  for (const scenario of model.scenarios)
    for (const claim of scenario.claims || []) model.claims[claim].scenarios.push(scenario);
  model.rowById = new Map(model.rows.map((row) => [row.id, row]));
  return model;
}

function standingOf(name, [status, steps, against, lines], model) {
  return {
    name, status: model.statuses[status], for: steps, against,
    lines: lines.map(([bearing, shows, cell, step, did, number]) => ({
      confirms: bearing === 1, shows: model.text(shows), cell: model.text(cell), step, did: model.text(did), number,
    })),
  };
}

function partingOf([step, line, depth, kind, says, sides], model) {
  const names = ["did", "expected", "standing", "source", "basis", "where", "reason"];
  return {
    step, line, kind, depth: model.text(depth), says: model.text(says),
    sides: sides.map(([group, ...values]) => ({
      group, letter: letterOf(placeOf(group)), ...Object.fromEntries(names.map((name, place) => [name, model.text(values[place])])),
    })),
  };
}

/** What a group did in a row: reason, lanes, steps and notes; null where there is no such group. */
function behaviourOf(row, group, model) {
  const kept = model.kept[row.kept[placeOf(group)]];
  if (!kept) return null;
  const [verdict, reason, failing, lanes, acts, notes, wire, narrow] = kept;
  return {
    verdict: model.verdicts[verdict], reason: model.text(reason), failing,
    lanes: lanes.map(model.text), acts: acts.map((act) => actOf(model.acts[act], model)),
    notes: notes.map(model.text), wire: wire.map(model.text), narrow: narrow.map(model.text),
  };
}

function actOf([step, did, met, wait, releasedBy, travelled, states], model) {
  const [number, line, actor, says, expected, source, basis, flags] = model.steps[step];
  const text = model.text;
  return {
    number, line, actor: text(actor), says: text(says), expected: text(expected), source: text(source),
    basis: text(basis), pending: Boolean(flags & 1), free: Boolean(flags & 2), did: text(did), met,
    wait: text(wait), releasedBy, travelled: text(travelled), states: text(states).split("\n").filter(Boolean),
  };
}

/** The command that runs a cell again, quoted for a shell. */
function commandOf(row, record) {
  const words = ["conformance", "run", row.scenario.id, "-t", row.transport, "-p", record.run, "-i", record.implementation];
  if (row.caseName) words.push("-k", row.caseName);
  return words.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'"'"'`)}'`)).join(" ");
}

/**
 * Which records behaved alike over several rows: a letter for each of these records, the largest group first.
 * Records that ran nothing in common count as alike. A record that ran nothing has no letter.
 */
function lettersOver(rows, records) {
  if (rows.length === 1) return lettersOfRow(rows[0], records);
  const classes = [];
  const places = new Map();
  for (const record of records) {
    const groups = rows.map((row) => row.groups[record]);
    if (groups.every((group) => group === NO_GROUP)) continue;
    let fitting = classes.find((each) =>
      groups.every((group, place) => group === NO_GROUP || each.groups[place] === NO_GROUP || each.groups[place] === group));
    if (!fitting) classes.push((fitting = { groups: groups.map(() => NO_GROUP), members: [] }));
    groups.forEach((group, place) => { if (group !== NO_GROUP) fitting.groups[place] = group; });
    fitting.members.push(record);
  }
  classes.sort((one, other) => other.members.length - one.members.length);
  classes.forEach((each, number) => {
    for (const record of each.members) places.set(record, { letter: letterOf(number), groups: each.groups });
  });
  return { places, first: classes[0], several: classes.length > 1 };
}

/** The same for one row, by the letters that it has. */
function lettersOfRow(row, records) {
  const groups = [...new Set(records.map((record) => row.groups[record]))].filter((group) => group !== NO_GROUP).sort();
  const ran = records.filter((record) => row.groups[record] !== NO_GROUP);
  const places = new Map(ran.map((record) => [record, { letter: letterOf(placeOf(row.groups[record])), groups: [row.groups[record]] }]));
  return { places, first: { groups: groups.slice(0, 1) }, several: groups.length > 1 };
}

const letterOf = (number) => (number < 26 ? String.fromCharCode(65 + number) : `Z${number - 25}`);
