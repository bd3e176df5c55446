// A map of the world (Natural Earth, public domain) with the areas of notices, launches and incidents. Drawn here, no tiles.

import { button, h, s } from "./dom.js";
import { group } from "./time.js";

const WIDE = 720;
const HIGH = 340;
const NORTH = 84;
const SOUTH = -62;
const x = (lon) => ((lon + 180) / 360) * WIDE;
const y = (lat) => ((NORTH - lat) / (NORTH - SOUTH)) * HIGH;

let land;
async function loaded() {
  land ??= fetch("/assets/land.json").then((response) => (response.ok ? response.json() : null), () => null);
  return land;
}

function path(deltas, close) {
  let [lon, lat, west, east] = [0, 0, 180, -180];
  const points = [];
  for (let place = 0; place < deltas.length; place += 2) {
    lon += deltas[place];
    lat += deltas[place + 1];
    [west, east] = [Math.min(west, lon / 10), Math.max(east, lon / 10)];
    points.push([lon / 10, lat / 10]);
  }
  // Longitudes run on past the antimeridian: what lies beyond one edge is drawn at the other as well.
  const shifts = [0, ...(east > 180 ? [-360] : []), ...(west < -180 ? [360] : [])];
  return shifts.map((shift) => points.map(([east, north], place) => `${place ? "L" : "M"}${x(east + shift).toFixed(1)} ${y(north).toFixed(1)}`).join("") + (close ? "Z" : "")).join("");
}

// A circle on the globe, as points: it is no circle on the map.
function circle(lat, lon, km) {
  const points = [];
  const angle = km / 6371;
  const [phi, lambda] = [(lat * Math.PI) / 180, (lon * Math.PI) / 180];
  for (let step = 0; step < 48; step += 1) {
    const bearing = (step / 48) * 2 * Math.PI;
    const north = Math.asin(Math.sin(phi) * Math.cos(angle) + Math.cos(phi) * Math.sin(angle) * Math.cos(bearing));
    const east = lambda + Math.atan2(Math.sin(bearing) * Math.sin(angle) * Math.cos(phi), Math.cos(angle) - Math.sin(phi) * Math.sin(north));
    points.push([(north * 180) / Math.PI, (east * 180) / Math.PI]);
  }
  return points;
}

// Longitudes made continuous, and the shape drawn on both edges where it crosses the antimeridian.
function outline(points) {
  const run = [points[0]];
  for (const [lat, lon] of points.slice(1)) {
    const before = run.at(-1)[1];
    run.push([lat, lon + 360 * Math.round((before - lon) / 360)]);
  }
  const shifts = [0];
  if (run.some(([, lon]) => lon > 180)) shifts.push(-360);
  if (run.some(([, lon]) => lon < -180)) shifts.push(360);
  return shifts.map((shift) => `${run.map(([lat, lon], place) => `${place ? "L" : "M"}${x(lon + shift).toFixed(1)} ${y(lat).toFixed(1)}`).join("")}Z`).join("");
}

function area(shape, attributes, name) {
  const points = shape.shape === "circle" ? circle(shape.lat, shape.lon, shape.radius_km) : shape.shape === "polygon" ? shape.points : null;
  return points && s("path", { d: outline(points), ...attributes }, s("title", {}, name));
}

function point(place, kind, name) {
  const shape = kind === "incident" ? s("path", { d: "M0-6L6 0L0 6L-6 0Z" }) : s("circle", { r: 4.5 });
  return s("g", { class: `spot ${kind}`, transform: `translate(${x(place.lon).toFixed(1)} ${y(place.lat).toFixed(1)})` }, shape, s("title", {}, name));
}

// What to look at: all that is marked, with room around it; nothing where that is most of the world.
function nearby(notices, sections) {
  const places = [
    ...notices.flatMap((row) => row.areas ?? []).flatMap((shape) => (shape.shape === "polygon" ? shape.points : shape.shape === "circle" ? circle(shape.lat, shape.lon, shape.radius_km) : [])),
    ...Object.values(sections.launches).flatMap((row) => [row.site, row.impact]).filter(Boolean).map((place) => [place.lat, place.lon]),
    ...Object.values(sections.incidents).map((row) => row.place).filter(Boolean).map((place) => [place.lat, place.lon]),
  ];
  if (!places.length) return null;
  const [xs, ys] = [places.map(([, lon]) => x(lon)), places.map(([lat]) => y(lat))];
  const wide = Math.max(160, (Math.max(...xs) - Math.min(...xs)) * 1.3, ((Math.max(...ys) - Math.min(...ys)) * 1.3 * WIDE) / HIGH);
  if (wide > WIDE * 0.8) return null;
  const high = (wide * HIGH) / WIDE;
  const left = Math.max(0, Math.min(WIDE - wide, (Math.max(...xs) + Math.min(...xs) - wide) / 2));
  const top = Math.max(0, Math.min(HIGH - high, (Math.max(...ys) + Math.min(...ys) - high) / 2));
  return [left, top, wide, high];
}

export async function drawMap(box, sections) {
  if (box.hidden) return;
  const notices = Object.values(sections.notices);
  const spots = [];
  for (const row of Object.values(sections.launches)) {
    const name = `${row.party} ${row.class ?? ""} launch, ${group(row.at)}`;
    if (row.site) spots.push(point(row.site, "launch", name));
    if (row.impact) spots.push(point(row.impact, "impact", `impact of ${name}`));
  }
  for (const row of Object.values(sections.incidents)) if (row.place) spots.push(point(row.place, "incident", `incident ${row.id}, ${row.dyad}`));
  const areas = notices.flatMap((row) => (row.areas ?? []).map((shape) => area(shape, { class: "area" }, `${row.party}: notice ${row.id}`))).filter(Boolean);
  const print = JSON.stringify([areas.map((each) => each.getAttribute("d")), spots.map((each) => each.getAttribute("transform"))]);
  if (box.dataset.print === print) return;
  box.dataset.print = print;
  const named = notices.flatMap((row) => row.areas ?? []).filter((shape) => shape.shape === "named").map((shape) => shape.name);
  const says = `World map: ${areas.length} notified areas, ${spots.length} launches, impacts and incidents. The lists below say the same.`;
  const data = await loaded();
  const ground = data
    ? [s("path", { class: "land", d: data.land.map((ring) => path(ring, true)).join("") }), s("path", { class: "borders", d: data.borders.map((line) => path(line, false)).join("") })]
    : [];
  const graticule = s("path", {
    class: "graticule",
    d: [-120, -60, 0, 60, 120].map((lon) => `M${x(lon)} 0V${HIGH}`).join("") + [-30, 0, 30, 60].map((lat) => `M0 ${y(lat).toFixed(1)}H${WIDE}`).join(""),
  });
  const near = nearby(notices, sections);
  const picture = s("svg", { role: "img", "aria-label": says }, s("rect", { class: "sea", x: -WIDE, y: -HIGH, width: 3 * WIDE, height: 3 * HIGH }), graticule, ground, areas, spots);
  const look = (closer) => {
    picture.setAttribute("viewBox", (closer ? near : [0, 0, WIDE, HIGH]).map((number) => number.toFixed(1)).join(" "));
    toggle.textContent = closer ? "Whole world" : "Closer";
    // Marks keep their size, however near one looks.
    const scale = closer ? near[2] / WIDE : 1;
    for (const spot of picture.querySelectorAll(".spot")) spot.setAttribute("transform", spot.getAttribute("transform").replace(/\)( scale.*)?$/, `) scale(${scale.toFixed(3)})`));
  };
  const toggle = button("", () => look(toggle.textContent === "Closer"), { class: "quiet" });
  toggle.hidden = !near;
  look(Boolean(near));
  box.replaceChildren(
    picture,
    toggle,
    ...(named.length ? [h("p", { class: "note" }, `Named only: ${named.join("; ")}`)] : []),
  );
}
