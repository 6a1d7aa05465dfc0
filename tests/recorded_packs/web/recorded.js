// Video Combine stores its widgets by name, and has more of them than its interface says: one set for each format.
// Its own front-end code is not here, so this reads them back the same way.
import { app } from "../../scripts/app.js";

app.registerExtension({
  name: "coverloop.tests.recorded",
  beforeRegisterNodeDef(nodeType, nodeData) {
    if (nodeData.name !== "VHS_VideoCombine") return;
    const before = nodeType.prototype.onConfigure;
    nodeType.prototype.onConfigure = function (info) {
      for (const [name, value] of Object.entries(info.widgets_values ?? {})) {
        if (name === "videopreview") continue;
        const known = this.widgets.find((widget) => widget.name === name);
        const widget = known ?? this.addWidget(typeof value === "number" ? "number" : "text", name, value, () => {});
        widget.value = value;
      }
      return before?.apply(this, arguments);
    };
  },
});
