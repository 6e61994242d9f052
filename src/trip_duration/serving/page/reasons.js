/* The reasons: what moves the estimate from where all begin to the answer, adding up as shown. */

import { datum, make } from "./elements.js";
import { extent } from "./zones.js";

const GROUPS = {
  calendar: "Date and time of day",
  zones: "Where the zones lie",
  history: "How past trips went",
  request: "The zones and distance themselves",
};

/**
 * @param {object} said What ``/v1/explain`` has answered.
 * @param {object?} model What ``/v1/model`` says: meanings and sources of the features.
 */
export function reasons(said, model) {
  const known = new Map((model?.features ?? []).map((feature) => [feature.name, feature]));
  const parts = said.contributions.map(({ feature, minutes }) => ({
    name: known.get(feature)?.meaning ?? feature.replaceAll("_", " "),
    group: GROUPS[known.get(feature)?.source] ?? "The trip",
    minutes,
  }));
  const details = make("details", make("summary", `Each of the ${parts.length} features`), table(said, parts, 2));
  return make("div.reasons", make("h3", "Why"), table(said, grouped(parts), 1), details);
}

function grouped(parts) {
  const sums = new Map();
  for (const { group, minutes } of parts) sums.set(group, (sums.get(group) ?? 0) + minutes);
  const rows = [...sums].map(([name, minutes]) => ({ name, minutes }));
  return rows.sort((a, b) => Math.abs(b.minutes) - Math.abs(a.minutes));
}

/** A bar begins where the one above it ends. */
function table({ base_minutes: base, duration_minutes: total }, rows, digits) {
  const ends = rows.reduce((all, { minutes }) => [...all, all.at(-1) + minutes], [base]);
  const shown = roundTogether([base, ...rows.map(({ minutes }) => minutes)], total, digits);
  const place = scale(ends);
  const body = rows.map((row, index) => {
    const from = ends[index];
    return line(row.name, signed(shown[index + 1], digits), row.minutes, bar(place(from), place(from + row.minutes)));
  });
  const first = line("An average trip", shown[0].toFixed(digits), base, bar(place(base), place(base)));
  const last = line("Together", total.toFixed(digits), total, bar(place(total), place(total)));
  last.classList.add("total");
  const caption = make("caption.unseen", "Minutes that each reason adds");
  return make("table", caption, heads(), make("tbody", first, ...body, last));
}

function heads() {
  const names = ["Reason", "Change", "Minutes"].map((name) => Object.assign(make("th", name), { scope: "col" }));
  return make("thead.unseen", make("tr", ...names));
}

function line(name, words, value, drawn) {
  const head = Object.assign(make("th", name), { scope: "row" });
  return make("tr", head, make("td.bar", drawn), make("td", datum(words, value)));
}

function bar(from, to) {
  const drawn = make(`span.${to < from ? "less" : "more"}`);
  drawn.style.setProperty("--from", Math.min(from, to));
  drawn.style.setProperty("--to", Math.max(from, to));
  drawn.ariaHidden = "true";
  return drawn;
}

function scale(ends) {
  const [low, high] = extent(ends);
  return (minutes) => (minutes - low) / (high - low || 1);
}

const signed = (minutes, digits) => `${{ "-1": "\u2212", 1: "+" }[Math.sign(minutes)] ?? ""}${Math.abs(minutes).toFixed(digits)}`;

/** Round so that the parts add up to the rounded total: those nearest to their other end give way. */
function roundTogether(parts, total, digits) {
  const unit = 10 ** digits;
  const whole = parts.map((part) => Math.round(part * unit));
  const left = Math.round(Number(total.toFixed(digits)) * unit) - whole.reduce((a, b) => a + b, 0);
  const way = Math.sign(left);
  const loss = (index) => (parts[index] * unit - whole[index]) * way;
  const order = [...parts.keys()].sort((a, b) => loss(b) - loss(a));
  for (const index of order.slice(0, Math.abs(left))) whole[index] += way;
  return whole.map((number) => number / unit);
}
