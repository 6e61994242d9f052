/* Taxi zones: from GeoJSON to names in order and to shapes on a plane. */

const WIDTH = 1000;
const NAMES = { EWR: "New Jersey" };
const byText = (a, b) => a.localeCompare(b, "en", { numeric: true });

/**
 * Read the outlines.
 *
 * @param {object} outlines GeoJSON in degrees; each feature's id is the zone's.
 * @returns {{id: number, name: string, borough: string, outline: string, centre: number[]}[]}
 */
export function readZones(outlines) {
  const features = outlines.features.filter(({ geometry }) => geometry?.coordinates.length);
  const project = projection(features.flatMap(({ geometry }) => polygons(geometry).flat(2)));
  const zones = features.map(({ id, properties, geometry }) => {
    const shape = polygons(geometry).map((rings) => rings.map((ring) => ring.map(project)));
    const name = properties?.name ?? `Zone ${id}`;
    const borough = NAMES[properties?.borough] ?? properties?.borough ?? "";
    return { id, name, borough, outline: path(shape), centre: centre(shape) };
  });
  return tellApart(zones).sort((a, b) => byText(a.borough, b.borough) || byText(a.name, b.name));
}

/** Zones of one name in one borough carry their number as well. */
function tellApart(zones) {
  const seen = new Map();
  const key = ({ borough, name }) => `${borough}/${name}`;
  zones.forEach((zone) => seen.set(key(zone), (seen.get(key(zone)) ?? 0) + 1));
  return zones.map((zone) => (seen.get(key(zone)) > 1 ? { ...zone, name: `${zone.name} (${zone.id})` } : zone));
}

const polygons = ({ type, coordinates }) => (type === "MultiPolygon" ? coordinates : [coordinates]);

/** Equirectangular at the middle latitude: over one city no shape is visibly bent. */
function projection(points) {
  const [west, east] = extent(points.map(([longitude]) => longitude));
  const [south, north] = extent(points.map(([, latitude]) => latitude));
  const narrowing = Math.cos(((south + north) / 2) * (Math.PI / 180));
  const scale = WIDTH / Math.max((east - west) * narrowing, north - south);
  return ([longitude, latitude]) => [(longitude - west) * narrowing * scale, (north - latitude) * scale];
}

/** Smallest and largest of many numbers. */
export function extent(numbers) {
  return numbers.reduce(([low, high], n) => [Math.min(low, n), Math.max(high, n)], [Infinity, -Infinity]);
}

function path(shape) {
  const ring = (points) => `M${points.map(([x, y]) => `${x.toFixed(2)},${y.toFixed(2)}`).join("L")}Z`;
  return shape.flat().map(ring).join("");
}

/** Centroid of the largest polygon's outer ring, by the shoelace formula. */
function centre(shape) {
  const rings = shape.map(([outer]) => measure(outer));
  return rings.reduce((a, b) => (b.area > a.area ? b : a)).centre;
}

function measure(ring) {
  let [twice, x, y] = [0, 0, 0];
  for (let i = 1; i < ring.length; i += 1) {
    const [[x0, y0], [x1, y1]] = [ring[i - 1], ring[i]];
    const cross = x0 * y1 - x1 * y0;
    [twice, x, y] = [twice + cross, x + (x0 + x1) * cross, y + (y0 + y1) * cross];
  }
  const middle = twice ? [x / (3 * twice), y / (3 * twice)] : ring[0];
  return { area: Math.abs(twice), centre: middle };
}
