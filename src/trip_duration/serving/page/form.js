/* The fields: what they offer, what they hold, and what is wrong with them. */

import { make } from "./elements.js";

const byId = (id) => document.getElementById(id);
const ZONES = ["pickup_zone", "dropoff_zone"];
const FIELDS = [...ZONES, "pickup_datetime", "route_distance"];

/** Offer zones by borough and name. */
export function offerZones(zones) {
  const groups = groupByBorough(zones);
  for (const field of ZONES) {
    const select = byId(field);
    select.replaceChildren(new Option("Choose a zone", ""));
    for (const [borough, own] of groups) {
      const options = own.map(({ id, name }) => new Option(name, id));
      const group = make("optgroup", ...options);
      group.label = borough;
      select.append(...(borough ? [group] : options));
    }
    select.disabled = false;
  }
}

function groupByBorough(zones) {
  const groups = new Map();
  for (const zone of zones) groups.set(zone.borough, [...(groups.get(zone.borough) ?? []), zone]);
  return groups;
}

/** Let zones be given by number, where their names are not known. */
export function offerNumbers() {
  for (const field of ZONES) {
    const input = make("input");
    Object.assign(input, { id: field, inputMode: "numeric", autocomplete: "off", placeholder: "TLC zone number" });
    input.setAttribute("aria-describedby", `${field}-error`);
    byId(field).replaceWith(input);
  }
}

/** The zones that are chosen, by field; null for none. */
export function chosenZones() {
  return Object.fromEntries(ZONES.map((field) => [field, readNumber(field)]));
}

export function chooseZone(field, id) {
  byId(field).value = id ?? "";
}

export function swapZones() {
  const { pickup_zone: pickup, dropoff_zone: dropoff } = chosenZones();
  chooseZone("pickup_zone", dropoff);
  chooseZone("dropoff_zone", pickup);
}

/** The trip as the service takes it. What is no number is left to the service to refuse. */
export function readTrip() {
  return { ...chosenZones(), pickup_datetime: byId("pickup_datetime").value, route_distance: readNumber("route_distance") };
}

function readNumber(field) {
  const text = byId(field).value.trim().replace(",", ".");
  if (text === "") return null;
  return Number.isFinite(Number(text)) ? Number(text) : text;
}

/** Name what must be given and is not. */
export function missingFields(trip) {
  const missing = ZONES.filter((field) => trip[field] === null).map((field) => ({ field, reason: "Choose a zone" }));
  if (!trip.pickup_datetime) missing.push({ field: "pickup_datetime", reason: "Give a date and a time" });
  return missing;
}

/**
 * Show what is wrong beside each field, and go to the first of them.
 *
 * @returns {object[]} What is wrong with no field of this page.
 */
export function showFaults(faults) {
  const own = faults.filter(({ field }) => FIELDS.includes(field));
  for (const field of FIELDS) {
    const fault = own.find((one) => one.field === field);
    const error = byId(`${field}-error`);
    error.textContent = fault ? sentence(fault) : "";
    error.hidden = !fault;
    byId(field).toggleAttribute("aria-invalid", false);
    if (fault) byId(field).setAttribute("aria-invalid", "true");
  }
  FIELDS.map(byId).find((input) => input.hasAttribute("aria-invalid"))?.focus();
  return faults.filter((fault) => !own.includes(fault));
}

function sentence({ reason, allowed }) {
  const first = `${reason[0].toUpperCase()}${reason.slice(1)}.`;
  return allowed ? `${first} Allowed: ${allowed.replace(/\bnull\b/, "nothing")}.` : first;
}

/** The time on New York's clocks, as a field for dates and times holds it. */
export function newYorkNow(now = new Date()) {
  const clock = { year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  const format = new Intl.DateTimeFormat("en-US", { timeZone: "America/New_York", ...clock });
  const { year, month, day, hour, minute } = Object.fromEntries(format.formatToParts(now).map((p) => [p.type, p.value]));
  return `${year}-${month}-${day}T${hour}:${minute}`;
}
