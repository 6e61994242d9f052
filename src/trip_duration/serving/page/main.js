/* The page: fields, map and answer, each told of what the others know. */

import { ageAnswer, showAnswer, showModel } from "./answer.js";
import * as form from "./form.js";
import { ZoneMap } from "./map.js";
import { ask, estimate, hasKey, useKey } from "./service.js";
import { readZones } from "./zones.js";

const byId = (id) => document.getElementById(id);
const page = { map: null, model: null, wanted: false, asked: 0 };

async function start() {
  byId("pickup_datetime").value = form.newYorkNow();
  byId("trip").addEventListener("submit", submit);
  byId("trip").addEventListener("input", changed);
  byId("key-form").addEventListener("submit", takeKey);
  byId("swap").addEventListener("click", swap);
  await Promise.all([loadZones(), loadModel()]);
}

async function loadZones() {
  try {
    const zones = readZones(await ask("v1/zones"));
    form.offerZones(zones);
    page.map = new ZoneMap(byId("map-box"), zones, pick);
  } catch (refusal) {
    form.offerNumbers();
    byId("trip").classList.add("without-map");
    if (refusal.status !== 404) refuse(refusal);
  }
}

async function loadModel() {
  try {
    page.model = await ask("v1/model");
    showModel(page.model);
    // a link carries no key
    byId("facts").hidden = hasKey();
  } catch (refusal) {
    refuse(refusal);
  }
}

async function submit(event) {
  event?.preventDefault();
  const trip = form.readTrip();
  byId("refusal").textContent = "";
  if (form.showFaults(form.missingFields(trip)).length || document.querySelector("#trip [aria-invalid]")) return;
  // answers may overtake each other: the one to the last question counts
  const number = ++page.asked;
  const isLast = () => number === page.asked;
  busy(true);
  try {
    const said = await estimate(trip);
    if (said.model.sha256 !== page.model?.sha256) await loadModel();
    if (!isLast()) return;
    showAnswer(said, page.model);
    if (JSON.stringify(form.readTrip()) !== JSON.stringify(trip)) ageAnswer();
    byId("headline").scrollIntoView({ block: "nearest" });
  } catch (refusal) {
    if (isLast()) refuse(refusal, true);
  } finally {
    if (isLast()) busy(false);
  }
}

function busy(is) {
  byId("ask").textContent = is ? "Asking\u2026" : "Estimate";
  byId("trip").ariaBusy = String(is);
}

/**
 * Say why there is no answer.
 *
 * @param {Error} refusal What was said instead.
 * @param {boolean} asked Whether a person waits for it.
 */
function refuse(refusal, asked = false) {
  if (!("status" in refusal)) throw refusal;
  if (refusal.status === 401) {
    page.wanted ||= asked;
    askForKey(asked);
    return;
  }
  const others = form.showFaults(refusal.problem.errors ?? []);
  const beside = refusal.problem.errors && !others.length;
  byId("refusal").textContent = beside ? "" : refusal.words;
}

function askForKey(asked) {
  const error = byId("key-error");
  error.hidden = !hasKey();
  error.textContent = hasKey() ? "This key is not valid." : "";
  byId("key").toggleAttribute("aria-invalid", hasKey());
  byId("key-form").hidden = false;
  byId("facts").hidden = true;
  if (asked || hasKey()) byId("key").focus();
}

async function takeKey(event) {
  event.preventDefault();
  useKey(byId("key").value);
  byId("key-form").hidden = true;
  await loadModel();
  if (!byId("key-form").hidden) return;
  byId("key").value = "";
  byId("ask").focus();
  if (page.wanted) await submit();
  page.wanted = false;
}

/** A zone was chosen on the map. */
function pick(id) {
  const next = document.querySelector("[name=next]:checked");
  form.chooseZone(next.value, id);
  document.querySelector("[name=next]:not(:checked)").checked = true;
  changed();
}

function swap() {
  form.swapZones();
  changed();
}

function changed(event) {
  if (event?.target.name === "next") return;
  page.map?.show(form.chosenZones());
  ageAnswer();
}

start();
