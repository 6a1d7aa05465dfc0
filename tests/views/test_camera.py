"""Sentences of cameras: those of the node people know (Camera Control Prompt, MIT) for all its settings, and 2511's."""

import itertools

import pytest
from coverloop.core.errors import UsageError
from coverloop.core.views.camera import ANGLES, Camera, read_angles

# Each setting of that node with what it writes, in the order in which it writes them.
KNOWN = (
    {"none": "", "left": "将镜头向左移动 Move the camera left.", "right": "将镜头向右移动 Move the camera right."},
    {"none": "", "up": "将镜头向上移动 Move the camera up.", "down": "将镜头向下移动 Move the camera down."},
    {"none": "", "forward": "将镜头向前移动 Move the camera forward."},
    {
        -90: "将镜头向左旋转90度 Rotate the camera 90 degrees to the left.",
        -45: "将镜头向左旋转45度 Rotate the camera 45 degrees to the left.",
        0: "",
        45: "将镜头向右旋转45度 Rotate the camera 45 degrees to the right.",
        90: "将镜头向右旋转90度 Rotate the camera 90 degrees to the right.",
    },
    {False: "", True: "将镜头转为俯视 Turn the camera to a top-down view."},
    {False: "", True: "将镜头转为广角镜头 Turn the camera to a wide-angle lens."},
    {False: "", True: "将镜头转为特写镜头 Turn the camera to a close-up."},
    {False: "", True: "將相機方向調整為由下而上的視角 Turn the camera to a bottom-up view."},
)


def test_every_setting_of_the_known_node_gives_its_words():
    said = set()
    for settings in itertools.product(*(column.items() for column in KNOWN)):
        camera = Camera(*(value for value, _ in settings))
        assert camera.prompt() == " ".join(sentence for _, sentence in settings if sentence)
        assert camera.prompt("2511").startswith("<sks> ")
        said.add(camera.prompt())
    assert len(said) == 3 * 3 * 2 * 5 * 2**4


def test_the_three_names_of_2511():
    sides = {read_angles(f"{turn}{degrees}")[f"{turn}{degrees}"] for turn in ("left", "right") for degrees in (45, 90)}
    sides |= {ANGLES["left135"], ANGLES["right135"], ANGLES["behind"], Camera()}
    heights = (Camera(low=True), Camera(), Camera(vertical="up"), Camera(top=True))
    distances = (Camera(close=True), Camera(), Camera(wide=True))
    assert len({one.prompt("2511").split(" view ")[0] for one in sides}) == 8
    assert [one.prompt("2511").split(" view ")[1].split(" shot ")[0] for one in heights] == [
        "low-angle",
        "eye-level",
        "elevated",
        "high-angle",
    ]
    assert [one.prompt("2511").split(" shot ")[1] for one in distances] == ["close-up", "medium shot", "wide shot"]
    assert Camera(rotate=45).prompt("2511") == "<sks> front-right quarter view eye-level shot medium shot"
    assert Camera(rotate=-90, top=True, close=True).prompt("2511") == "<sks> left side view high-angle shot close-up"
    assert Camera(top=True, low=True, wide=True, close=True).prompt("2511") == Camera().prompt("2511")


def test_angles_by_name():
    cameras = read_angles("left45, right45,top,low,close,wide, LEFT90+top ")
    assert list(cameras) == ["left45", "right45", "top", "low", "close", "wide", "left90+top"]
    assert cameras["left90+top"] == Camera(rotate=-90, top=True)
    assert read_angles(["back" + "ward", "left+up"]) == {
        "backward": Camera(depth="backward"),
        "left+up": Camera(horizontal="left", vertical="up"),
    }


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: read_angles("left45,left30"), "unknown angle left30; there are left, right, "),
        (lambda: read_angles("left45+"), r"unknown angle left45\+; there are"),
        (lambda: read_angles(" , "), "no angle is named"),
        (lambda: Camera(rotate=30), "rotate=30: the angle LoRAs know multiples of 45"),
        (lambda: Camera(rotate=225), "rotate=225"),
        (lambda: Camera(horizontal="up"), "horizontal=up: must be one of none, left, right"),
        (lambda: Camera(rotate=135).prompt(), "rotate=135: the angle LoRA of 2509 knows -90 to 90"),
        (lambda: Camera().prompt("2512"), "camera for 2512: there are sentences for 2509 and 2511"),
    ],
)
def test_what_no_lora_knows_is_refused(call, message):
    with pytest.raises(UsageError, match=message):
        call()
