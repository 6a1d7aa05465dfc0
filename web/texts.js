// What a node reports (a recipe, a judgement, what was found) is shown on the node, in the front end's own text box.
// ComfyUI itself draws such texts on its node "Preview as Text" only.
import { app } from "../../scripts/app.js";

// Every node that gives `ui.PreviewText`. The box is there before the first run: Nodes 2.0 of older front ends draws no
// box that comes later, and a graph is laid out with it.
const REPORTING = new Set([
  "CoverLoopFindText",
  "CoverLoopJudgeText",
  "CoverLoopMotionPrompt",
  "CoverLoopPromptEdit",
  "CoverLoopRecipe",
  "CoverLoopSong",
  "CoverLoopAmbient",
  "CoverLoopLora",
  "CoverLoopLyrics",
  "CoverLoopPose",
  "CoverLoopStyleWords",
  "CoverLoopToneMatch",
  "CoverLoopFindCut",
  "CoverLoopClose",
  "CoverLoopFormat",
  "CoverLoopCamera",
]);
const BOX = "shown";

function addBox(node) {
  const { widget } = app.widgets.STRING(node, BOX, ["STRING", { multiline: true }], app);
  // Neither in the saved graph nor in the prompt: the values of a node's widgets are saved by position.
  widget.serialize = false;
  widget.options.serialize = false;
  widget.options.read_only = true;
  if (widget.element) {
    widget.element.readOnly = true;
    widget.element.placeholder = "";
  }
}

app.registerExtension({
  name: "CoverLoop.Texts",
  beforeRegisterNodeDef(nodeType, nodeData) {
    if (!REPORTING.has(nodeData.name)) return;
    const { onNodeCreated, onExecuted } = nodeType.prototype;
    nodeType.prototype.onNodeCreated = function () {
      onNodeCreated?.apply(this, arguments);
      addBox(this);
    };
    nodeType.prototype.onExecuted = function (output) {
      onExecuted?.apply(this, arguments);
      const box = this.widgets.find((widget) => widget.name === BOX);
      box.value = (output?.text ?? []).join("\n");
    };
  },
});
