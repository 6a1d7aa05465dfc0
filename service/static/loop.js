import {$, act, call, playSeen, say, t} from "./page.js";

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
