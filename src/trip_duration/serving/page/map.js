/* The map of the zones: drawn from their outlines, picked from by mouse, finger or keys. */

import { extent } from "./zones.js";
import { View } from "./view.js";

const SVG = "http://www.w3.org/2000/svg";
const MARGIN = 25;
const ENDS = { pickup_zone: "a", dropoff_zone: "b" };
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class ZoneMap {
  /**
   * @param {HTMLElement} box What holds the map and its buttons.
   * @param {object[]} zones As ``readZones`` returns them.
   * @param {(id: number) => void} picked Told of each zone that is chosen.
   */
  constructor(box, zones, picked) {
    Object.assign(this, { box, zones, picked, chosen: {}, current: null });
    this.svg = box.querySelector("#map");
    this.paths = new Map();
    this.#draw();
    this.view = new View(this.svg, this.#whole(), () => this.#keepSizes());
    this.#listen();
  }

  /** Mark the chosen zones: ids by the name of the field, null for none. */
  show(chosen) {
    for (const [field, id] of Object.entries(chosen)) {
      const zone = this.zones.find((one) => one.id === id);
      if (zone && this.chosen[field] !== id) this.view.reveal(zone.centre);
    }
    this.chosen = chosen;
    for (const path of new Set(this.paths.values())) path.classList.remove(...Object.values(ENDS));
    for (const [field, id] of Object.entries(chosen)) this.paths.get(id)?.classList.add(ENDS[field]);
    this.#mark();
  }

  #draw() {
    const shapes = new Map();
    this.land = this.#add(this.svg, "g", { class: "land" });
    for (const { id, outline } of this.zones) {
      // some ids share one shape: it is drawn once and stands for the first of them
      if (!shapes.has(outline)) shapes.set(outline, this.#add(this.land, "path", { d: outline, "data-zone": id }));
      this.paths.set(id, shapes.get(outline));
    }
    this.#nameBoroughs();
    this.way = this.#add(this.svg, "path", { class: "way" });
    this.marks = this.#add(this.svg, "g", { class: "marks" });
  }

  #nameBoroughs() {
    this.labels = this.#add(this.svg, "g", { class: "boroughs" });
    for (const name of new Set(this.zones.map(({ borough }) => borough))) {
      const own = this.zones.filter(({ borough }) => borough === name);
      if (!name || own.length < 3) continue;
      const mean = (axis) => own.reduce((sum, { centre }) => sum + centre[axis], 0) / own.length;
      this.#label(this.labels, [mean(0), mean(1)]).textContent = name;
    }
  }

  #label(parent, [x, y]) {
    return this.#add(parent, "text", { "data-x": x, "data-y": y });
  }

  #add(parent, name, attributes) {
    const element = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    parent.append(element);
    return element;
  }

  #whole() {
    const { x, y, width, height } = this.land.getBBox();
    return [x - MARGIN, y - MARGIN, width + 2 * MARGIN, height + 2 * MARGIN];
  }

  /** Letters and marks keep their size on the screen, however close the map is. */
  #keepSizes() {
    const unit = this.view?.unit ?? 1;
    for (const element of this.svg.querySelectorAll("[data-x]")) {
      const { x, y } = element.dataset;
      element.setAttribute("transform", `translate(${x} ${y}) scale(${unit})`);
    }
    this.labels.classList.toggle("away", (this.view?.closeness ?? 1) > 3);
  }

  #mark() {
    this.marks.replaceChildren();
    const ends = Object.keys(ENDS).map((field) => this.zones.find(({ id }) => id === this.chosen[field]));
    const both = ends.every(Boolean);
    this.way.setAttribute("d", both ? `M${ends[0].centre}L${ends[1].centre}` : "");
    const same = both && ends[0].outline === ends[1].outline;
    ends.forEach((zone, index) => {
      if (!zone) return;
      const [x, y] = zone.centre;
      const group = this.#add(this.marks, "g", { "data-x": x, "data-y": y, class: "ab"[index] });
      // both in one zone stand side by side
      const aside = same ? [-13, 13][index] : 0;
      this.#add(group, "circle", { cx: aside, r: 12 });
      this.#add(group, "text", { x: aside, dy: "0.36em" }).textContent = "AB"[index];
    });
    this.#keepSizes();
  }

  #listen() {
    const { svg, view } = this;
    const at = (event) => this.#byId(event.target.closest("[data-zone]")?.dataset.zone);
    svg.addEventListener("pointerover", (event) => this.#point(at(event)));
    svg.addEventListener("pointerleave", () => this.#point(null));
    svg.addEventListener("click", (event) => !view.dragged && at(event) && this.picked(at(event).id));
    svg.addEventListener("keydown", (event) => this.#press(event));
    svg.addEventListener("blur", () => this.#point(null));
    const buttons = { "zoom-in": view.closer, "zoom-out": view.farther, "zoom-all": () => view.showAll() };
    for (const [id, act] of Object.entries(buttons)) {
      this.box.querySelector(`#${id}`).addEventListener("click", act);
    }
  }

  #byId(id) {
    return this.zones.find((zone) => zone.id === Number(id)) ?? null;
  }

  /** Show which zone is pointed at. */
  #point(zone) {
    this.paths.get(this.current?.id)?.classList.remove("current");
    this.current = zone;
    this.paths.get(zone?.id)?.classList.add("current");
    this.box.querySelector("#hovered").textContent = zone ? title(zone) : "";
  }

  #press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const keys = { "+": this.view.closer, "=": this.view.closer, "-": this.view.farther, 0: () => this.view.showAll() };
    if (event.key in ARROWS) this.#walk(ARROWS[event.key]);
    else if (event.key === "Enter" || event.key === " ") this.current && this.picked(this.current.id);
    else if (event.key in keys) keys[event.key]();
    else return;
    event.preventDefault();
  }

  /** Point at the next zone in a direction: the nearest within 45 degrees of it. */
  #walk([right, down]) {
    const [x, y] = this.current?.centre ?? this.view.middle;
    const ahead = this.zones.map((zone) => {
      const [dx, dy] = [zone.centre[0] - x, zone.centre[1] - y];
      const [along, across] = [dx * right + dy * down, Math.abs(dx * down - dy * right)];
      return [along > 0 && across <= along ? along + across : Infinity, zone];
    });
    const [nearest] = extent(ahead.map(([far]) => far));
    const zone = this.current ? ahead.find(([far]) => far === nearest && far < Infinity)?.[1] : this.#nearest(x, y);
    if (!zone) return;
    this.#point(zone);
    this.view.reveal(zone.centre);
    this.box.querySelector("#map-said").textContent = title(zone);
  }

  #nearest(x, y) {
    const far = ({ centre }) => Math.hypot(centre[0] - x, centre[1] - y);
    return this.zones.reduce((a, b) => (far(b) < far(a) ? b : a));
  }
}

const title = ({ name, borough }) => (borough ? `${name}, ${borough}` : name);
