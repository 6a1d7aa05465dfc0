import {$, act, call, playSeen} from "./page.js";

const pair = $("pair");
if (pair) {
  const videos = [...pair.querySelectorAll("video")];
  playSeen(videos);
  const vote = choice => act(call("POST", "/api/v1/votes", {pair: pair.dataset.pair, choice}).then(() => location.reload()));
  document.querySelectorAll("[data-choice]").forEach(button => button.addEventListener("click", () => vote(button.dataset.choice)));
  document.addEventListener("keydown", event => {
    const choice = {ArrowLeft: "left", ArrowRight: "right", ArrowDown: "tie"}[event.key];
    if (choice && !event.target.matches("a, select")) vote(choice);
  });
}
