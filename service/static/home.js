import {$, act, call, element, follow, say, t, words} from "./page.js";

// A picture: dropped, pasted, chosen, out of a folder, or found
let given = null;
const names = name => $("wish").elements[`cover.${name}`];

async function give(file) {
  if (!file) return;
  if (file.size > words["upload.bytes"]) return say(t("too.large"));
  say("…", 0);
  await act(call("POST", "/api/v1/covers", file).then(show));
}

function show(cover) {
  say("");
  given = cover;
  $("picture").src = `/cover/${cover.id}`;
  $("picture").alt = $("name").textContent = [cover.artist, cover.title].filter(Boolean).join(" – ");
  for (const name of ["title", "artist", "album"]) names(name).value = cover[name];
  const concerns = cover.concerns.map(name => t(`concern.${name}`)).join("; ");
  $("concerns").hidden = !concerns;
  $("concerns").textContent = `${t("concern")} ${concerns}. ${t("concern.use")}`;
  $("alike").hidden = !cover.alike.length && !cover.loops.length;
  $("alike").replaceChildren(...cover.loops.length ? here(cover.loops[0]) : cover.alike.length ? alike(cover.alike[0]) : []);
  $("wish").hidden = false;
  $("give").hidden = true;
  $("motion").focus();
}

const link = (loop, text) => element("a", {href: `/loop/${loop}`, textContent: text});
const here = loop => [t("here"), " ", link(loop, t("watch"))];
const alike = other => [element("p", {textContent: t("alike")}),
  element("img", {src: `/loop/${other.loop}/poster.jpg`, alt: other.title, width: 96}), element("br"), link(other.loop, t("alike.yes")), " ",
  element("button", {type: "button", textContent: t("alike.no"), onclick: () => { $("alike").hidden = true; }})];

function another() {
  given = null;
  $("wish").reset();
  $("wish").hidden = true;
  $("give").hidden = false;
}
$("other").addEventListener("click", another);
$("file").addEventListener("change", event => { give(event.target.files[0]); event.target.value = ""; });
$("folder").addEventListener("change", event => {
  const pictures = [...event.target.files].filter(file => /\.(jpe?g|png|webp|avif)$/i.test(file.name));
  const named = pictures.find(file => /^(cover|folder|front|album)\./i.test(file.name));
  const best = named ?? pictures.sort((one, other) => other.size - one.size)[0];
  best ? give(best) : say(t("no.picture"));
  event.target.value = "";
});
document.addEventListener("paste", event => give([...event.clipboardData.files].find(file => file.type.startsWith("image/"))));
document.addEventListener("dragover", event => { event.preventDefault(); $("drop").classList.add("over"); });
document.addEventListener("dragleave", () => $("drop").classList.remove("over"));
document.addEventListener("drop", event => {
  event.preventDefault();
  $("drop").classList.remove("over");
  give(event.dataTransfer.files[0]);
});

$("search")?.addEventListener("submit", event => {
  event.preventDefault();
  say("…", 0);
  act(call("GET", `/api/v1/search?q=${encodeURIComponent($("query").value)}`).then(found => {
    say(found.problems.map(({source, why}) => `${source}: ${why}`).join("; ") || (found.finds.length ? "" : t("search.none")), 12);
    $("finds").replaceChildren(...found.finds.map(find => element("li", {}, element("button", {className: "find", type: "button",
      onclick: () => { say("…", 0); act(call("POST", "/api/v1/covers/found", {source: find.source, id: find.id}).then(show)); }},
      element("img", {src: find.thumb, alt: "", loading: "lazy"}), element("span", {textContent: find.title}),
      element("small", {textContent: [find.artist, find.source].filter(Boolean).join(" · ")})))));
  }));
});

// The wish
document.querySelectorAll(".chip").forEach(chip => chip.addEventListener("click", () => { $("motion").value = chip.dataset.wish; }));
$("wish").addEventListener("submit", event => {
  event.preventDefault();
  const parameters = {};
  for (const {name, value, type} of $("wish").elements)
    if (name && !name.startsWith("cover.") && value.trim()) parameters[name] = type === "number" ? Number(value) : value.trim();
  const told = Object.fromEntries(["title", "artist", "album"].map(name => [name, names(name).value.trim()]));
  act(call("PUT", `/api/v1/covers/${given.id}`, told).then(() =>
    call("POST", "/api/v1/jobs", {cover: given.id, wish: $("motion").value, parameters})).then(job => {
    if (job.state === "done") location.href = `/loop/${job.loop}`;
    else another();
  }));
});

// What is in the works
const jobs = new Map();
let order = [];
const time = seconds => seconds > 90 ? `${Math.round(seconds / 60)} min` : `${Math.ceil(seconds)} s`;

function doing(job) {
  const place = order.indexOf(job.id) + 1;
  if (job.state === "queued") return `${t("queued")}${place ? `, ${t("position")}: ${place}` : ""}`;
  if (job.state === "failed") return `${t("failed")}: ${job.error}`;
  if (job.state === "done") return `${t("done")}, ${t(job.passed ? "passed" : "not.passed")}`;
  if (job.state !== "running") return t(job.state);
  const stage = words.stages[job.stage] ?? words[`stage.${job.stage}`] ?? job.doing;
  return [stage || t("running"), `${Math.floor(job.fraction * 100)} %`, job.left === null ? "" : `${time(job.left)} ${t("left")}`].filter(Boolean).join(" · ");
}

function draw() {
  const rank = job => ({running: 0, queued: 1}[job.state] ?? 2);
  const shown = [...jobs.values()].sort((one, other) => rank(one) - rank(other) || order.indexOf(one.id) - order.indexOf(other.id)).slice(0, 40);
  $("jobs").replaceChildren(...shown.map(job => {
    const open = job.state === "queued" || job.state === "running", name = [job.artist, job.title].filter(Boolean).join(" – ");
    return element("li", {id: `job-${job.id}`}, element("img", {src: `/cover/${job.cover}`, alt: "", loading: "lazy"}),
      element("div", {}, element("p", {className: "name", textContent: name}), element("p", {className: job.state === "failed" ? "bad" : "pale", textContent: doing(job)}),
        open ? element("progress", {max: 1, value: job.fraction, ariaLabel: t("running")}) : ""),
      open ? element("button", {textContent: t("cancel"), onclick: () => act(call("POST", `/api/v1/jobs/${job.id}/cancel`))}) :
        job.loop ? element("a", {href: `/loop/${job.loop}`, textContent: t("watch")}) : "");
  }));
}
let drawing = 0;
const soon = () => { cancelAnimationFrame(drawing); drawing = requestAnimationFrame(draw); };
follow({
  job: job => { jobs.set(job.id, job); soon(); },
  queue: queue => { order = queue.order; soon(); },
  status: status => { $("comfyui").textContent = t(`status.${status.state}`); },
});
