// Elements of the page. Text only ever becomes a text node, so nothing from a record can become markup.

const $ = (id) => document.getElementById(id);

function el(name, attributes, ...children) {
  return filled(document.createElement(name), attributes, children);
}

function svg(name, attributes, ...children) {
  return filled(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);
}

function filled(made, attributes, children) {
  for (const [key, value] of Object.entries(attributes || {})) {
    if (key === "on") for (const [event, act] of Object.entries(value)) made.addEventListener(event, act);
    else if (value !== false && value != null) made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.flat(3).filter((child) => child != null && child !== false && child !== ""));
  return made;
}

const counted = (number, noun) => `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;

/** Runs `act` once a moment after the last of many calls, when the browser is about to draw. */
function onNextFrame(act) {
  let waiting = false;
  return () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; act(); });
  };
}

/** Names of records in a few words: what several share at the beginning is there once. */
function namesOf(labels, most = 12) {
  const groups = new Map();
  for (const label of labels.slice(0, most)) {
    const [first, ...rest] = label.split(" · ");
    groups.set(first, [...(groups.get(first) || []), rest.join(" · ")]);
  }
  const words = [...groups].map(([first, rest]) => (rest.every(Boolean) ? `${first} · ${rest.join(", ")}` : [first, ...rest.filter(Boolean)].join(", ")));
  return words.join("; ") + (labels.length > most ? ` and ${labels.length - most} more` : "");
}
