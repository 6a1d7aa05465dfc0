// A wall display. From cover to cover it fades where the one loop ends and the other begins: both at their first frame.
import {$, follow, playSeen, say, t} from "./page.js";

const layers = [...document.querySelectorAll(".layer")];
let shown = -1, loop = null, toggled = 0;
playSeen(layers);

function turn(video) {  // resolves when the loop comes round to its first frame
  if (video.paused || video.ended) return Promise.resolve();
  return new Promise(done => {
    let last = video.currentTime;
    const look = () => {
      if (video.paused || video.currentTime < last) return done();
      last = video.currentTime;
      requestAnimationFrame(look);
    };
    look();
  });
}

async function show(now) {
  const mine = ++toggled, next = layers[shown === 0 ? 1 : 0], before = layers[shown];
  next.src = `/loop/${now.loop}/${now.video}`;
  next.poster = `/loop/${now.loop}/poster.jpg`;
  await new Promise(done => { next.oncanplaythrough = next.onerror = done; next.load(); });
  if (before) await turn(before);
  if (mine !== toggled) return;
  next.currentTime = 0;
  next.play().catch(() => {});  // not allowed, or reduced motion: the poster is its first frame
  next.classList.add("shown");
  before?.classList.remove("shown");
  shown = layers.indexOf(next);
}

follow({now(now) {
  const playing = Boolean(now.title || now.artist);
  $("title").textContent = now.title;
  $("artist").textContent = now.artist;
  document.querySelector(".over > div").classList.toggle("told", playing);
  $("idle").hidden = playing;
  say(playing && !now.loop ? t(now.making ? "now.making" : "now.noloop") : "", now.making ? 0 : 8);
  if (now.loop && now.loop !== loop) show(now);
  if (!now.loop) { toggled++; layers.forEach(layer => layer.classList.remove("shown")); shown = -1; }
  loop = now.loop;
}});
