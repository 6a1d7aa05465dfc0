import {$, act, call, element, playSeen, say, t} from "./page.js";

const video = $("video"), {key, older, newer, cover, given} = document.querySelector(".facts").dataset;
const toggle = playSeen([video]);
const full = () => document.fullscreenElement ? document.exitFullscreen() : $("stage").requestFullscreen();
$("play").addEventListener("click", () => toggle(video));
$("full").addEventListener("click", full);
document.addEventListener("keydown", event => {
  if (event.target.matches("input, button, a, summary, audio, select") || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === " ") { event.preventDefault(); toggle(video); }
  if (event.key === "f") full();
  if (event.key === "ArrowLeft" && newer) location.href = `/loop/${newer}`;
  if (event.key === "ArrowRight" && older) location.href = `/loop/${older}`;
});
$("plot").addEventListener("toggle", () => { const image = $("plot").querySelector("img"); image.src ||= image.dataset.src; });
$("share").addEventListener("click", () => act(navigator.clipboard.writeText(location.origin + location.pathname).then(() => say(t("shared")))));
$("delete")?.addEventListener("click", () => {
  if (confirm(t("delete.sure"))) act(call("DELETE", `/api/v1/loops/${key}`).then(() => { location.href = "/gallery"; }));
});
$("song")?.addEventListener("submit", event => {
  event.preventDefault();
  act(call("PUT", `/api/v1/loops/${key}/song`, {youtube: event.target.elements.youtube.value}).then(() => location.reload()));
});

const sing = id => act(call("PUT", `/api/v1/loops/${key}/song`, {youtube: `https://youtu.be/${id}`}).then(() => location.reload()));
$("find-video")?.addEventListener("click", () => act(call("GET", `/api/v1/loops/${key}/videos`).then(found => {
  if (!found.length) say(t("youtube.none"));
  $("videos").replaceChildren(...found.map(({id, title, channel}) => element("li", {},
    element("button", {type: "button", onclick: () => sing(id)}, title, element("small", {textContent: ` ${channel}`})))));
})));

const again = parameters => act(call("POST", "/api/v1/jobs", {cover, parameters}).then(job => {
  location.href = job.state === "done" ? `/loop/${job.loop}` : "/";
}));
$("seed")?.addEventListener("click", () => again({...JSON.parse(given), seed: crypto.getRandomValues(new Uint32Array(1))[0]}));
$("again")?.addEventListener("submit", event => {
  event.preventDefault();
  const parameters = JSON.parse(given);
  for (const {name, value, defaultValue} of event.target.elements) {
    if (!name) continue;
    if (value.trim()) parameters[name] = value.trim();
    else if (defaultValue) delete parameters[name];  // emptied: no wish any more
  }
  again(parameters);
});

// The loop for other places: made when asked for, and looked after while one is being made
const places = $("places");
const size = ({width, height, ending}) => ` ${height ? `${width}×${height}` : `${width} px`} ${ending.toUpperCase()}`;
const make = place => act(call("POST", `/api/v1/loops/${key}/places/${place.id}`).then(showPlaces));

function placed(place) {
  if (place.url) return element("a", {href: place.url, download: "", textContent: t("download"), ariaLabel: `${t("download")}: ${place.title}${size(place)}`});
  if (place.state === "making") return element("span", {className: "pale", textContent: t("place.making")});
  return element("button", {type: "button", textContent: t("place.make"), ariaLabel: `${t("place.make")}: ${place.title}${size(place)}`, onclick: () => make(place)});
}

async function showPlaces() {
  const all = await call("GET", `/api/v1/loops/${key}/places`);
  places.querySelector("ul").replaceChildren(...all.map(place => element("li", {}, element("span", {}, element("b", {textContent: place.title}), size(place)), placed(place),
    ...[...place.problems, place.error].filter(Boolean).map(textContent => element("small", {className: "bad", textContent})),
    ...place.notes.map(textContent => element("small", {textContent})))));
  clearTimeout(showPlaces.timer);
  if (all.some(place => place.state === "making")) showPlaces.timer = setTimeout(() => act(showPlaces()), 2000);
}
places?.addEventListener("toggle", () => { if (places.open) act(showPlaces()); });
