// What all pages share: words, calls, the event stream, and loops that play only while somebody can see them.
export const words = JSON.parse(document.getElementById("words").textContent);
export const t = name => words[name] ?? name;
export const $ = id => document.getElementById(id);
const still = matchMedia("(prefers-reduced-motion: reduce)");

export function say(text, seconds = 6) {
  $("notice").textContent = text;
  clearTimeout(say.timer);
  if (seconds) say.timer = setTimeout(() => { $("notice").textContent = ""; }, seconds * 1000);
}

export async function call(method, path, body, headers = {}) {
  const json = body !== undefined && !(body instanceof Blob);
  if (json) headers = {"Content-Type": "application/json", ...headers};
  const answer = await fetch(path, {method, headers, body: json ? JSON.stringify(body) : body});
  const told = answer.status === 204 ? {} : await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(answer.status === 413 ? t("too.large") : told.error ?? answer.statusText);
  return told;
}

export const act = what => what.catch(error => say(`${t("error")} ${error.message}`, 12));

export function follow(heard) {  // one stream a page; how things stand comes first, also after a break
  const stream = new EventSource("/api/v1/events");
  for (const [kind, hear] of Object.entries(heard)) stream.addEventListener(kind, event => hear(JSON.parse(event.data)));
  stream.onerror = () => {
    say(t("offline"), 0);
    if (stream.readyState === EventSource.CLOSED) setTimeout(follow, 10_000, heard);  // answered, but with an error: a browser would give up
  };
  stream.onopen = () => say("");
}

export function element(name, properties = {}, ...inside) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...inside.filter(part => part !== ""));
  return made;
}

export function playSeen(videos) {  // paused by hand stays paused; hidden, out of sight or reduced motion: paused by us
  const seen = new Set();
  const settle = video => {
    if (!video.src && video.dataset.src && seen.has(video) && !still.matches) video.src = video.dataset.src;
    const wanted = seen.has(video) && !document.hidden && !still.matches && !video.dataset.held;
    if (wanted || video.dataset.asked && !document.hidden) video.play().catch(() => {});
    else video.pause();
  };
  const watcher = new IntersectionObserver(entries => entries.forEach(entry => {
    seen[entry.isIntersecting ? "add" : "delete"](entry.target);
    settle(entry.target);
  }), {threshold: 0.2});
  videos.forEach(video => watcher.observe(video));
  const all = () => videos.forEach(settle);
  document.addEventListener("visibilitychange", all);
  still.addEventListener("change", all);
  return video => {  // played or paused by hand
    const playing = !video.paused;
    delete video.dataset[playing ? "asked" : "held"];
    video.dataset[playing ? "held" : "asked"] = "1";
    settle(video);
  };
}

if (document.querySelector(".loops")) {
  playSeen([...document.querySelectorAll(".loops video")]);
  document.querySelectorAll(".delete").forEach(button => button.addEventListener("click", () => {
    if (confirm(t("delete.sure"))) act(call("DELETE", `/api/v1/loops/${button.dataset.key}`).then(() => button.closest("li").remove()));
  }));
}
