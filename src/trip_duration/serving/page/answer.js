/* The answer in words: how long, between what, how far to trust it, and why. */

import { datum, make } from "./elements.js";
import { reasons } from "./reasons.js";
import { count } from "./service.js";

const byId = (id) => document.getElementById(id);

/**
 * Show an answer.
 *
 * @param {object} said What ``/v1/explain`` or ``/v1/predict`` has answered.
 * @param {object?} model What ``/v1/model`` says, if it is known.
 */
export function showAnswer(said, model) {
  byId("answer").classList.remove("stale");
  byId("headline").replaceChildren(duration(said), interval(said));
  const grounds = [range(said), notes(said, model)];
  grounds.push(said.contributions ? reasons(said, model) : make("p.hint", "The key in use does not open the reasons."));
  grounds.push(make("p.source.hint", `Model ${said.model.version}, prediction ${said.prediction_id}`));
  byId("grounds").replaceChildren(...grounds.filter(Boolean));
}

/** Say that the answer is of another trip than the fields hold now. */
export function ageAnswer() {
  const answer = byId("answer");
  if (!byId("grounds").hasChildNodes() || answer.classList.contains("stale")) return;
  answer.classList.add("stale");
  byId("headline").append(make("p.hint.changed", "The trip has changed since. Ask again."));
}

function duration({ duration_minutes: minutes }) {
  const rounded = Math.max(Math.round(minutes), 1);
  const words = make("p.duration", make("span.unseen", "About "), datum(`${rounded}`, minutes));
  words.append(make("span.unit", rounded === 1 ? " minute" : " minutes"));
  return words;
}

function interval({ interval: told }) {
  if (!told) return make("p.interval", "How far it may be off is not known.");
  // outwards, so that the words never promise more than the numbers
  const [lower, upper] = [Math.floor(told.lower), Math.ceil(told.upper)];
  const ends = [datum(`${lower}`, told.lower), " to ", datum(`${upper}`, told.upper)];
  return make("p.interval", `${share(told.coverage)} such trips take `, ...ends, " minutes.");
}

/** "9 of 10", "19 of 20", "97 of 100". */
function share(coverage) {
  const whole = [10, 20, 100].find((all) => Math.abs(coverage * all - Math.round(coverage * all)) < 1e-9) ?? 1000;
  return `${Math.round(coverage * whole)} of ${whole}`;
}

/** The interval as a band on a line of minutes; the words say the same. */
function range({ duration_minutes: minutes, interval: told }) {
  if (!told) return null;
  const step = [5, 10, 20, 30, 60].find((size) => told.upper / size <= 5) ?? 120;
  const end = Math.ceil(told.upper / step) * step;
  const box = make("div.range", make("span.band"), make("span.dot"));
  for (let tick = 0; tick <= end; tick += step) {
    const label = make("span.tick", `${tick}`);
    label.style.setProperty("--at", tick / end);
    box.append(label);
  }
  const places = { "--lower": told.lower, "--upper": told.upper, "--at": minutes };
  for (const [name, value] of Object.entries(places)) box.style.setProperty(name, value / end);
  box.ariaHidden = "true";
  return box;
}

function notes({ flags, model: { fallback } }, model) {
  const months = model?.train_months ? ` (${span(model.train_months)})` : "";
  const words = {
    no_distance: "No distance was given: the estimate goes by the zones.",
    unseen_zone: "The model has met no trip in one of these zones.",
    unknown_zone: "One of these zones has no place on the map.",
    outside_training_range: `Time or distance lies beyond the trips that the model has learnt from${months}.`,
  };
  const told = flags.map((flag) => words[flag] ?? flag.replaceAll("_", " "));
  if (fallback) told.unshift("No model could be loaded: a lookup table of past trips answers. Expect larger errors.");
  return told.length ? make("ul.notes", ...told.map((note) => make("li", note))) : null;
}

function showSource(source) {
  const notice = byId("made-up");
  notice.hidden = source !== "synthetic";
  // filled when it appears, so that screen readers say it
  notice.textContent = notice.hidden
    ? ""
    : "This city is made up: the model has learnt from synthetic trips. Its answers say nothing about taxis in New York.";
}

/** "2023-01 to 2023-03" where no month is left out, else every month: "2023-01, 2023-04". */
export function span(months) {
  const numbers = months.map((month) => Number(month.slice(0, 4)) * 12 + Number(month.slice(5)));
  const complete = numbers.every((number, index) => number === numbers[0] + index);
  return complete && months.length > 1 ? `${months[0]} to ${months.at(-1)}` : months.join(", ");
}

/** Tell in the footer which model answers, and how well; and above all, whether the city is made up. */
export function showModel(model) {
  showSource(model.source);
  const learnt = model.train_months ? `, learnt from ${count(model.train_months.length, "month")}, ${span(model.train_months)}` : "";
  const name = model.fallback ? "The lookup table stands in for a model" : `Model ${model.version} (${model.family})`;
  const { request, request_with_distance: informed } = model.metrics?.test ?? {};
  const better = informed ? `, ${informed.mae.toFixed(1)} where the distance was given` : "";
  const errors = request ? ` On later trips it was off by ${request.mae.toFixed(1)} minutes on average${better}.` : "";
  byId("model").textContent = `${name}${learnt}.${errors}`;
}
