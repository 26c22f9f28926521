// The query language: `is:unexplained transport:udp -claim:dying "zero bytes"`. All terms must hold.

const COLUMN_KEYS = ["record", "platform", "implementation"];

const IS = {
  unexplained: (row, columns, model) => differs(row, columns) && model.kinds[row.kind] === "unexplained",
  declared: (row, columns, model) => differs(row, columns) && model.kinds[row.kind] === "declared",
  documented: (row, columns, model) => differs(row, columns) && model.kinds[row.kind] === "documented",
  different: (row, columns) => differs(row, columns),
  same: (row, columns) => !row.versions && !differs(row, columns) && ran(row, columns) > 1,
  missing: (row, columns) => columns.some((record) => row.codes[record] === MISSING),
  "not-run": (row, columns) => columns.some((record) => row.gaps.has(record)),
  "another-version": (row) => Boolean(row.versions),
};

const MATCHES = {
  is: (row, value, columns, model) =>
    (IS[value] ? IS[value](row, columns, model) : columns.some((record) => model.signs[row.codes[record]].name === value)),
  claim: (row, value, columns, model) => (row.scenario.claims || []).some((claim) => within(model.claims[claim].id, value)),
  depth: (row, value) => row.partings.some((parting) => within(parting.depth.replaceAll(" ", "-"), value.replaceAll(" ", "-"))),
  section: (row, value, columns, model) =>
    within(row.scenario.section, value) || within(model.sections[row.scenario.section] || "", value),
  transport: (row, value) => row.transport === value,
  scenario: (row, value) => within(row.scenario.id, value),
  case: (row, value) => within(row.caseName, value),
  level: (row, value) => row.scenario.level === value,
  source: (row, value) => [...(row.scenario.sources || []), ...row.partings.flatMap((parting) => parting.sides.map((side) => side.source))]
    .some((source) => within(source, value)),
  did: (row, value) => row.partings.some((parting) => parting.sides.some((side) => within(side.did, value))),
  entry: (row, value) => row.entry !== null && String(row.entry.number + 1) === value,
};

const within = (text, part) => text.toLowerCase().includes(part.toLowerCase());
const ran = (row, columns) => columns.filter((record) => row.groups[record] !== NO_GROUP).length;

function differs(row, columns) {
  if (row.letters.length < 2) return false;
  let seen = NO_GROUP;
  for (const record of columns) {
    const group = row.groups[record];
    if (group === NO_GROUP) continue;
    if (seen !== NO_GROUP && group !== seen) return true;
    seen = group;
  }
  return false;
}

/** The terms of a query: key (empty for free text), values of which any may hold, and whether they must not. */
function termsOf(text) {
  const found = [];
  for (const [, minus, key, quoted, plain] of text.matchAll(/(-?)(?:([a-z]+):)?(?:"([^"]*)"?|([^\s"]+))/gi)) {
    const value = quoted ?? plain;
    if (value === "" && quoted === undefined) continue;
    const values = key && quoted === undefined ? value.split(",").filter(Boolean) : [value];
    found.push({ key: (key || "").toLowerCase(), values, not: minus === "-" });
  }
  return found;
}

/** What a query selects: columns (records), rows, and mistakes in words. */
function selected(text, model) {
  const terms = termsOf(text), mistakes = [];
  const all = model.records.map((_, record) => record);
  let columns = all, pair = null;
  const conditions = [];
  for (const term of terms) {
    const { key, values, not } = term;
    if (COLUMN_KEYS.includes(key)) {
      const named = new Set(values.flatMap((value) => recordsOf(value, model, key, mistakes)));
      columns = columns.filter((record) => named.has(record) !== not);
    } else if (key === "pair") {
      if (values.length !== 2) { mistakes.push("pair: names two records, as in pair:wine,3.13"); continue; }
      pair = values.map((value) => recordsOf(value, model, "record", mistakes));
    } else conditions.push(condition(term, model, mistakes));
  }
  if (pair) columns = columns.filter((record) => pair[0].includes(record) || pair[1].includes(record));
  const rows = model.rows.filter((row) =>
    (!pair || pair[0].some((one) => pair[1].some((other) => differs(row, [one, other])))) &&
    conditions.every((holds) => holds(row, columns)));
  return { columns, rows, mistakes, asked: terms.length > 0 };
}

function condition({ key, values, not }, model, mistakes) {
  const match = key ? MATCHES[key] : (row, value) => within(haystack(row), value);
  if (!match) {
    mistakes.push(`there is no key “${key}”; the keys are ${[...Object.keys(MATCHES), ...COLUMN_KEYS, "pair"].join(", ")}`);
    return () => true;
  }
  const known = [...Object.keys(IS), ...model.verdicts];
  if (key === "is") for (const value of values)
    if (!known.includes(value)) mistakes.push(`is:${value} is not known; after is: stands ${known.join(", ")}`);
  return (row, columns) => values.some((value) => match(row, value, columns, model)) !== not;
}

/** Records by their number, or by a part of their name, platform or implementation. */
function recordsOf(value, model, key, mistakes) {
  const words = (record) => ({
    record: [record.label, record.platform, record.implementation, ...record.facts.map(([, fact]) => fact)],
    platform: [record.label, record.platform, record.run, ...record.facts.map(([, fact]) => fact)],
    implementation: [`${record.implementation} ${record.version}`],
  }[key].join("\n"));
  const exact = model.records.flatMap((record, number) => (record.label === value ? [number] : []));
  if (exact.length) return exact;
  if (/^#?\d+$/.test(value) && model.records[Number(value.replace("#", "")) - 1]) return [Number(value.replace("#", "")) - 1];
  const found = model.records.flatMap((record, number) => (within(words(record), value) ? [number] : []));
  if (!found.length) mistakes.push(`no record is named “${value}”`);
  return found;
}

/** All words of a row that free text is looked for in. */
function haystack(row) {
  row.words ??= [
    row.id, row.scenario.summary || "", row.entry ? row.entry.title : "",
    ...row.partings.flatMap((parting) => [parting.says, parting.depth, ...parting.sides.map((side) => side.did)]),
    ...[...row.gaps.values()].map((gap) => gap.reason),
  ].join("\n");
  return row.words;
}

/** The query with a term added, or without it where it is there already. */
function toggled(text, term) {
  const words = text.split(/\s+/).filter(Boolean);
  return (words.includes(term) ? words.filter((word) => word !== term) : [...words, term]).join(" ");
}

/** The query with the value of a key set; empty removes it. */
function withKey(text, key, value) {
  const rest = text.replace(new RegExp(`(^|\\s)${key}:("[^"]*"|\\S+)`, "g"), " ").trim();
  const quoted = /[\s,]/.test(value) && key !== "pair" ? `"${value}"` : value;
  return [rest, value && `${key}:${quoted}`].filter(Boolean).join(" ");
}
