"""Draw the template browser's cards of graphs that need a model, workflows/*.jpg, and the registry's icon and banner.

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
    "film_shot": ("Wan 2.2 5B: a shot", "of a film, from words alone or a picture"),
    "sing": ("Wan 2.2 S2V", "the figure of a cover sings to a voice"),
    "pose": ("Qwen-Image-Edit", "the figure takes the pose of another picture"),
    "pose_sd15": ("SD 1.5 and ControlNet", "the figure takes the pose of another picture"),
    "restyle": ("SD 1.5 in a style", "a picture redrawn by a LoRA, or words alone"),
    "restyle_zimage": ("Z-Image in a style", "a picture redrawn by a LoRA, or words alone"),
    "train_style": ("A style LoRA", "trained on an artist's pictures, for SD 1.5"),
    "views": ("Qwen-Image-Edit 2509", "the same record from other angles"),
    "song": ("ACE-Step", "a song from words and a style"),
}


def main() -> None:
    for id in workflow_ids():
        workflow = load_workflow(id)
        if workflow.name in WORDS:
            own = all(pack.id == "coverloop" for pack in workflow.packs)
            gigabytes = round(sum(model.bytes for model in workflow.models) / 1e9)
            needs = f"needs a GPU and {gigabytes} GB of models" + ("" if own else ", and four more packs")
            card(*WORDS[workflow.name], needs).save(FOLDER / f"{id}.jpg", quality=85)
            print(f"{id}.jpg")
    cover = Image.open(ROOT / "assets" / "cover.png").convert("RGB")
    cover.resize((256, 256), Image.Resampling.LANCZOS).save(ROOT / "assets" / "icon.png", optimize=True)
    banner(cover).save(ROOT / "assets" / "banner.jpg", quality=85)


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


def banner(cover: Image.Image) -> Image.Image:
    """21:9: the cover before its own blurred colours."""
    wide = cover.resize((1050, 1050)).crop((0, 300, 1050, 750)).filter(ImageFilter.GaussianBlur(14))
    wide.paste(cover.resize((390, 390), Image.Resampling.LANCZOS), (30, 30))
    draw = ImageDraw.Draw(wide)
    draw.text((460, 160), "CoverLoop", font=ImageFont.load_default(64), fill=(250, 240, 225))
    draw.text((464, 250), "album covers that come alive", font=ImageFont.load_default(26), fill=(250, 240, 225))
    return wide


if __name__ == "__main__":
    main()
