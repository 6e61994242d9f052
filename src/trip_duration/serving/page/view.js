/* The part of the map that is seen: wheel, drag, pinch and buttons move an SVG's view box. */

const CLOSEST = 16;
const STEP = 1.6;
// pixels that a finger trembles in a tap
const TREMBLE = 6;

export class View {
  /**
   * @param {SVGSVGElement} svg What is moved.
   * @param {number[]} whole Left, top, width and height of everything.
   * @param {() => void} changed Called after each move.
   */
  constructor(svg, whole, changed) {
    Object.assign(this, { svg, whole, changed, fingers: new Map(), dragged: false });
    svg.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    svg.addEventListener("pointerdown", (event) => this.#press(event));
    svg.addEventListener("pointermove", (event) => this.#move(event));
    for (const end of ["pointerup", "pointercancel"]) {
      svg.addEventListener(end, (event) => this.fingers.delete(event.pointerId));
    }
    new ResizeObserver(() => changed()).observe(svg);
    this.showAll();
  }

  showAll() {
    this.#look(this.whole);
  }

  /** How many times closer than the whole. */
  get closeness() {
    return this.whole[2] / this.box[2];
  }

  /** Units of the map under one pixel. */
  get unit() {
    return 1 / (this.svg.getScreenCTM()?.a || 1);
  }

  /** Go closer by a factor, keeping a point in its place; without one, the middle. */
  zoom(factor, [x, y] = this.middle) {
    const wanted = Math.min(Math.max(this.closeness * factor, 1), CLOSEST);
    const share = this.closeness / wanted;
    const [left, top, width, height] = this.box;
    this.#look([x - (x - left) * share, y - (y - top) * share, width * share, height * share]);
  }

  closer = () => this.zoom(STEP);
  farther = () => this.zoom(1 / STEP);

  get middle() {
    const [left, top, width, height] = this.box;
    return [left + width / 2, top + height / 2];
  }

  /** Move to a point that lies outside, or at the very edge, of what is seen. */
  reveal([x, y]) {
    const [left, top, width, height] = this.box;
    const inside = (value, from, length) => value > from + length * 0.05 && value < from + length * 0.95;
    if (inside(x, left, width) && inside(y, top, height)) return;
    this.#look([x - width / 2, y - height / 2, width, height]);
  }

  #look([left, top, width, height]) {
    const [wholeLeft, wholeTop, wholeWidth, wholeHeight] = this.whole;
    const within = (value, from, room) => Math.min(Math.max(value, from), from + Math.max(room, 0));
    left = within(left, wholeLeft, wholeWidth - width);
    top = within(top, wholeTop, wholeHeight - height);
    this.box = [left, top, width, height];
    this.svg.setAttribute("viewBox", this.box.join(" "));
    // one finger scrolls the page past the whole city, and moves the city once it is closer
    this.svg.classList.toggle("close", this.closeness > 1.001);
    this.changed();
  }

  #place(x, y) {
    const { x: left, y: top } = new DOMPoint(x, y).matrixTransform(this.svg.getScreenCTM().inverse());
    return [left, top];
  }

  #wheel(event) {
    const factor = Math.exp(-Math.sign(event.deltaY) * Math.min(Math.abs(event.deltaY) * 0.002, 0.4));
    // at the end of the way the page scrolls on
    if (factor < 1 && this.closeness <= 1.001) return;
    event.preventDefault();
    this.zoom(factor, this.#place(event.clientX, event.clientY));
  }

  #press(event) {
    if (this.fingers.size === 0) this.dragged = false;
    this.fingers.set(event.pointerId, [event.clientX, event.clientY]);
    if (this.fingers.size > 1) this.dragged = true;
  }

  #move(event) {
    const before = this.fingers.get(event.pointerId);
    if (!before) return;
    const now = [event.clientX, event.clientY];
    if (!this.dragged && Math.hypot(now[0] - before[0], now[1] - before[1]) < TREMBLE) return;
    if (!this.svg.hasPointerCapture(event.pointerId)) this.svg.setPointerCapture(event.pointerId);
    this.dragged = true;
    this.fingers.set(event.pointerId, now);
    const other = [...this.fingers].find(([id]) => id !== event.pointerId)?.[1];
    if (other) {
      const gap = ([x, y]) => Math.hypot(x - other[0], y - other[1]) || 1;
      this.zoom(gap(now) / gap(before), this.#place(...other));
    } else {
      const { unit } = this;
      const [left, top, width, height] = this.box;
      this.#look([left - (now[0] - before[0]) * unit, top - (now[1] - before[1]) * unit, width, height]);
    }
  }
}
