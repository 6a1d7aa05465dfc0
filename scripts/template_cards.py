"""Draw the template browser's cards of the Wan graphs: workflows/wan22_*.jpg.

No loop of theirs is shown, because none can be made without their weights: the card is the example cover, and says what
the graph does and needs.
"""

from pathlib import Path

from coverloop.orchestrator.job.manifest import FOLDER, load_workflow, workflow_ids
from PIL import Image, ImageDraw, ImageFilter, ImageFont

ROOT = Path(__file__).resolve().parent.parent
SIDE = 400
WORDS = {
    "wan22_loop": ("Wan 2.2 5B", "the cover moves as a film: 20 steps"),
    "wan22_loop_turbo": ("Wan 2.2 5B turbo", "the cover moves as a film: 4 steps"),
}


def main() -> None:
    for id in workflow_ids():
        workflow = load_workflow(id)
        if workflow.name in WORDS:
            own = all(pack.id == "coverloop" for pack in workflow.packs)
            needs = "needs a GPU and 18 GB of models" + ("" if own else ", and four more packs")
            card(*WORDS[workflow.name], needs).save(FOLDER / f"{id}.jpg", quality=85)
            print(f"{id}.jpg")


def card(title: str, what: str, needs: str) -> Image.Image:
    cover = Image.open(ROOT / "assets" / "cover.png").convert("RGB").resize((SIDE, SIDE))
    ground = Image.blend(cover.filter(ImageFilter.GaussianBlur(6)), Image.new("RGB", cover.size, (16, 14, 34)), 0.55)
    frame = cover.resize((150, 150))
    for step in range(4, -1, -1):  # frames of a film, one behind the other
        strip = Image.blend(frame, Image.new("RGB", frame.size, (16, 14, 34)), step * 0.18)
        ground.paste(strip, (70 + 28 * step, 50 + 12 * step))
    draw = ImageDraw.Draw(ground)
    for y, text, size in ((282, title, 34), (330, what, 17), (358, needs, 15)):
        draw.text((SIDE / 2, y), text, font=ImageFont.load_default(size), fill=(245, 235, 220), anchor="ma")
    return ground


if __name__ == "__main__":
    main()
