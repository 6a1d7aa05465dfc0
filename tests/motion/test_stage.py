import cv2
import numpy as np
import pytest
from coverloop.core.errors import ClipError, CoverError
from coverloop.core.motion.effect import EFFECTS, Effect, Placed
from coverloop.core.motion.effects.flow import Arrow, Flow
from coverloop.core.motion.effects.grain import Grain
from coverloop.core.motion.effects.light import Light
from coverloop.core.motion.effects.parallax import Parallax
from coverloop.core.motion.effects.particles import Particles
from coverloop.core.motion.effects.sway import Sway
from coverloop.core.motion.preview import preview
from coverloop.core.motion.recipe import KEEP_ALL, Recipe, derive_recipe
from coverloop.core.motion.region import Box, Ellipse, Polygon, Region
from coverloop.core.motion.scene import Scene
from coverloop.core.motion.stage import Given, Stage, ambient
from coverloop.core.motion.waves import Grid

EVERY: tuple[Effect, ...] = (
    Parallax(amplitude=10, depth="vertical"),
    Sway(region=Region(), amplitude=3),
    Flow(region=Region(shapes=(Box(box=(0, 0, 1, 0.5)),)), distance=40),
    Light(amount=0.08),
    Particles(count=60, brightness=0.5),
    Grain(amount=1.5),
)


def picture(height: int = 240, width: int = 240) -> np.ndarray:
    """Smooth coloured noise at several scales: detail everywhere."""
    rng = np.random.default_rng(1)
    total = np.zeros((height, width, 3), np.float32)
    for cells in (4, 9, 20, 45):
        total += cv2.resize(rng.uniform(-1, 1, (cells, cells, 3)).astype(np.float32), (width, height), interpolation=2)
    return np.clip(128 + 42 * total, 0, 255).astype(np.uint8)


def play(plate: np.ndarray, *effects: Effect, frames: int = 24, fps: float = 6, seed: int = 0) -> np.ndarray:
    return np.stack(list(ambient(plate, Recipe(seed=seed, effects=effects), frames=frames, fps=fps)))


def ring_steps(frames: np.ndarray) -> np.ndarray:
    values = frames.astype(np.float32)
    return np.abs(np.roll(values, -1, axis=0) - values).mean((1, 2, 3))


@pytest.mark.parametrize("effect", EVERY, ids=lambda effect: effect.kind)
def test_frame_zero_is_the_plate_and_every_effect_moves(effect):
    plate = picture()
    frames = play(plate, effect)
    assert frames.shape == (24, 240, 240, 3) and frames.dtype == np.uint8
    assert (frames[0] == plate).all()
    assert all((frame != plate).any() for frame in frames[3:-3])


@pytest.mark.parametrize("effect", [e for e in EVERY if e.kind != "grain"], ids=lambda effect: effect.kind)
def test_near_the_join_the_loop_comes_back_to_the_plate(effect):
    """Time is continuous in every effect but grain: a moment before the end is a moment before the plate."""
    plate = picture()
    stage = Stage(plate, Recipe(effects=(effect,)), 100_000, 4.0)
    for index in (1, 99_999):
        assert np.abs(stage.frame(index).astype(int) - plate).max() <= 1
    half = stage.frame(50_000).astype(int)
    assert np.abs(half - plate).max() > 3


HERE = Region(shapes=(Ellipse(center=(0.5, 0.5), radius=(0.4, 0.4)),))


@pytest.mark.parametrize("kind", sorted(EFFECTS))
def test_every_effect_begins_and_ends_at_the_plate_and_moves(kind):
    """On a sheet with discs, a lamp and a flame, so that each finds what it is for."""
    plate = np.full((240, 240, 3), 40, np.uint8)
    cv2.circle(plate, (90, 120), 40, (60, 160, 220), -1, cv2.LINE_AA)
    cv2.rectangle(plate, (75, 110), (100, 125), (240, 240, 250), -1)
    plate[150:190, 150:190] = picture(40, 40)
    made = EFFECTS[kind].fresh()
    if isinstance(made, Placed) and kind != "shapes":
        made = made.model_copy(update={"region": HERE})
    stage = Stage(plate, Recipe(effects=(made.scaled(2),)), 200_000, 4.0)
    assert (stage.frame(0) == plate).all() and (stage.frame(200_000) == plate).all()
    if kind != "grain":
        for index in (1, 199_999):
            assert np.abs(stage.frame(index).astype(int) - plate).max() <= 1
    assert max(np.abs(stage.frame(index).astype(int) - plate).max() for index in (30_000, 70_000, 120_000)) > 2


def test_arrows_say_where_it_streams_and_anchors_stand():
    arrows = (Arrow(start=(0.1, 0.25), end=(0.4, 0.25)), Arrow(start=(0.9, 0.75), end=(0.6, 0.75)))
    flow = Flow(region=Region(), distance=60, swirl=0, arrows=arrows, anchors=((0.5, 0.5),))
    course = Stage(picture(), Recipe(effects=(flow,)), 24, 4.0).course()
    at = [course[round(y * len(course)), round(x * len(course))] for x, y in ((0.25, 0.25), (0.75, 0.75), (0.5, 0.5))]
    assert at[0][0] > 40 and at[1][0] < -40 and np.hypot(*at[2]) < 6


def test_what_is_painted_is_where_it_moves_and_depth_is_what_is_given():
    painted, depth = np.zeros((60, 60), np.float32), np.zeros((60, 60), np.float32)
    painted[:, :25] = 1
    depth[:, 30:] = 1
    light = Recipe(effects=(Light(amount=0.3),))
    for recipe in (light, Recipe(effects=(Light(amount=0.3, region=Region(mask="painted")),))):
        frame = Stage(picture(), recipe, 24, 4.0, Given(mask=painted)).frame(9).astype(int)
        moved = np.abs(frame - picture()).max(2)
        assert moved[:, :80].mean() > 2 and moved[:, 140:].max() <= 1
    drift = Stage(picture(), Recipe(effects=(Parallax(travel=0),)), 24, 4.0, Given(depth=depth)).shift.at(0.5)
    assert np.abs(drift[135, 190]).max() > 2 * np.abs(drift[135, 80]).max() > 0


def test_motion_comes_up_evenly_around_what_is_held():
    held = np.zeros((240, 240), np.float32)
    held[100:140, 60:180] = 1
    effects = (Parallax(amplitude=30, travel=0), Flow(region=Region(), distance=60, swirl=0))
    stage = Stage(picture(), Recipe(effects=effects, keep=frozenset({"tone"})), 24, 4.0, Given(still=held))
    cell = stage.grid.x[0, 1] - stage.grid.x[0, 0]
    for field in (stage.shift.at(0.5), stage.streams.distance):
        slope = np.hypot(*np.gradient(np.hypot(field[..., 0], field[..., 1]))) / cell
        rows, columns = slice(60, 210), slice(60, 210)  # away from the border of the picture
        assert slope[rows, columns].max() <= 0.15
        assert np.abs(field[stage.held]).max() == 0


def test_light_passes_over_what_is_held_when_tone_is_kept():
    held = np.zeros((240, 240), np.float32)
    held[100:140, 60:180] = 1
    frames = [
        Stage(picture(), Recipe(effects=(Light(amount=0.2),), keep=keep), 24, 4.0, Given(still=held)).frame(8)
        for keep in (frozenset(), KEEP_ALL)
    ]
    assert (frames[0][100:140, 60:180] == picture()[100:140, 60:180]).all()
    assert (frames[1][100:140, 60:180] != picture()[100:140, 60:180]).any()


def test_a_preview_shows_regions_arrows_and_what_is_held():
    held = np.zeros((240, 240), np.float32)
    held[:60] = 1
    recipe = Recipe(effects=(Flow(region=Region(shapes=(Box(box=(0, 0.4, 1, 1)),)), distance=60),))
    shown = preview(picture(), recipe, Given(still=held))
    assert shown.shape == picture().shape and shown.dtype == np.uint8
    assert (shown[:50] == 235).all(2).sum() > 500
    assert np.abs(shown[150:].astype(int) - preview(picture(), Recipe())[150:]).mean() > 10


@pytest.mark.parametrize("effects", [EVERY, EVERY[:5]], ids=["all", "without grain"])
def test_steps_are_even_around_the_ring(effects):
    steps = ring_steps(play(picture(), *effects, frames=48, fps=12))
    ratios = steps / np.median(steps)
    assert 0.7 < ratios[-1] < 1.4
    assert ratios.max() < 1.6 and ratios.min() > 0.35


def test_plain_parts_do_not_stand_still_around_the_join():
    """Slow light on whole numbers: without dither nothing would change until half a level has gathered."""
    plate = np.full((128, 128, 3), 100, np.uint8)
    steps = ring_steps(play(plate, Light(amount=0.02), frames=96, fps=24))
    assert steps[0] > 0.4 * np.median(steps) and steps[-1] > 0.4 * np.median(steps)


def test_it_is_no_ping_pong():
    frames = play(picture(), *EVERY[:2], frames=24).astype(np.float32)[:, ::3, ::3].reshape(24, -1)
    apart = np.abs(frames[:, None] - frames[None]).mean(2)
    turned = [np.mean([apart[t, (c - t) % 24] for t in range(24)]) for c in range(24)]
    assert min(turned) > 0.3 * apart[~np.eye(24, dtype=bool)].mean()


def test_the_same_call_gives_the_same_frames_and_the_seed_matters():
    plate = picture()
    first, second = play(plate, *EVERY, frames=8), play(plate, *EVERY, frames=8)
    assert (first == second).all()
    assert (play(plate, *EVERY, frames=8, seed=1)[1:] != first[1:]).any()


def test_no_frame_is_blurred():
    """Every frame is sampled from the plate once: no frame is softer than frame 0 by more than a few per cent."""
    detail = cv2.GaussianBlur(np.random.default_rng(2).standard_normal((480, 480)).astype(np.float32), (0, 0), 1.5)
    plate = np.clip(picture(480, 480) + 80 * detail[..., None], 0, 255).astype(np.uint8)
    frames = play(plate, *EVERY[:2], frames=12)
    sharpness = [cv2.Laplacian(cv2.cvtColor(f, cv2.COLOR_RGB2GRAY), cv2.CV_32F).var() for f in frames]
    assert min(sharpness) > 0.93 * sharpness[0] and max(sharpness) < 1.05 * sharpness[0]


def test_a_stream_flows_at_its_speed_the_way_it_should():
    plate = picture(540, 540)
    flow = Flow(region=Region(), distance=60, angle=0, swirl=0)
    stage = Stage(plate, Recipe(effects=(flow,)), 96, 4.0)
    before, after = (cv2.cvtColor(stage.frame(i)[150:390, 150:390], cv2.COLOR_RGB2GRAY) for i in (0, 8))
    window = cv2.createHanningWindow((240, 240), cv2.CV_32F)
    (right, down), _ = cv2.phaseCorrelate(before.astype(np.float32), after.astype(np.float32), window)
    assert right == pytest.approx(60 * 0.5 * 8 / 96, abs=0.3)  # half of a 1080 px picture, a twelfth of a turn
    assert abs(down) < 0.2


def test_nothing_outside_the_region_moves():
    plate = picture()
    region = Region(shapes=(Ellipse(center=(0.5, 0.5), radius=(0.2, 0.2)),), feather=4)
    for effect in (Sway(region=region), Flow(region=region), Light(region=region, amount=0.2)):
        changed = np.abs(play(plate, effect, frames=6).astype(int) - plate).max((0, 3))
        assert changed[:, :50].max() <= 1 and changed[:50].max() <= 1 and changed[120, 120] >= 2
    inverted = Light(region=region.model_copy(update={"invert": True}), amount=0.2)
    corners = Light(region=Region(shapes=(Polygon(points=((0, 0), (0.3, 0), (0, 0.3))),)), amount=0.2)
    assert np.abs(play(plate, corners, frames=6).astype(int) - plate).max((0, 3))[5, 5] >= 2
    assert np.abs(play(plate, inverted, frames=6).astype(int) - plate).max((0, 3))[5, 5] >= 0


def test_what_is_marked_still_neither_moves_nor_changes_and_motion_comes_up_softly_around():
    plate, still = picture(), np.zeros((480, 480), np.float32)
    still[200:280, 200:280] = 1  # of twice the size: a mask is laid over the whole plate
    recipe = Recipe(effects=EVERY)
    free, held = (np.stack(list(ambient(plate, recipe, frames=12, fps=3, still=mask))) for mask in (None, still))
    assert (held[:, 100:140, 100:140] == plate[100:140, 100:140]).all()
    assert (held[1:, :60] != plate[:60]).any((1, 2, 3)).all()
    assert (held[:, :60] == free[:, :60]).mean() > 0.98
    moved = np.abs(held.astype(int) - plate).mean((0, 3))[120]
    assert 0 < moved[142:150].mean() < moved[160:175].mean()  # from the mark outwards
    assert (np.stack(list(ambient(plate, recipe, frames=12, fps=3, still=0 * still))) == free).all()


def test_the_border_is_not_torn():
    """Displacement across a border fades out there: what is at the border stays at the border."""
    ramp = np.repeat(np.linspace(0, 255, 540).astype(np.uint8)[None, :, None], 540, axis=0).repeat(3, axis=2)
    frames = play(np.ascontiguousarray(ramp), Parallax(amplitude=20, angle=0), frames=8).astype(int)
    assert np.abs(frames[:, :, [0, -1]] - ramp[None, :, [0, -1]]).max() <= 2
    assert np.abs(frames[:, :, 270] - ramp[None, :, 270]).max() >= 3


def test_a_face_drifts_as_one_piece(monkeypatch):
    face = np.zeros((256, 256), np.float32)
    cv2.circle(face, (128, 128), 40, 1.0, -1)
    monkeypatch.setattr(Scene, "faces", face)
    stage = Stage(picture(), Recipe(effects=(Parallax(depth="vertical"), Sway(region=Region()))), 24, 4.0)
    shift = stage.shift.at(0.3)
    rows, columns = np.indices(shift.shape[:2]) / shift.shape[0]
    inside = np.hypot(rows - 0.5, columns - 0.5) < 0.12
    same_size_elsewhere = np.hypot(rows - 0.5, columns - 0.22) < 0.12
    assert shift[inside].std(0).max() < 0.7 * shift[same_size_elsewhere].std(0).max()
    assert np.abs(shift[inside].mean(0)).max() > 0.5


def test_particles_leave_no_mark_on_plain_ground():
    plate = np.full((270, 270, 3), 60, np.uint8)
    for style in ("dust", "snow", "stars", "embers"):
        frames = play(plate, Particles(style=style, count=80, brightness=0.6), frames=16).astype(int)
        assert frames.min() >= 59, style  # nothing is taken off where it would show
        lit = [(frame > 63).any(2).sum() for frame in frames]
        assert min(lit[3:-2]) > 0, style


def test_a_recipe_fits_every_size():
    """The same recipe moves the same share of a picture, whatever its size."""
    effects = (Parallax(amplitude=20, travel=0),)
    small, large = (Stage(picture(s, s), Recipe(effects=effects), 96, 4.0) for s in (200, 600))
    reach = [stage.grid.scale * np.abs(stage.shift.at(0.5)).max() for stage in (small, large)]
    assert reach[1] / reach[0] == pytest.approx(3, rel=0.05)


@pytest.mark.parametrize(("seconds", "turns", "factor"), [(4, 1, 1), (8, 2, 1), (1, 1, 0.25), (6, 2, 0.75), (5, 1, 1)])
def test_speed_stays_the_same_at_every_length(seconds, turns, factor):
    found, scale = Grid(300, 300, seconds).turns(1)
    assert found == turns and scale == pytest.approx(factor, rel=0.02)


@pytest.mark.parametrize("shape", [(64, 150, 3), (301, 173, 3)])
def test_other_shapes(shape):
    plate = picture(*shape[:2])
    frames = play(plate, *derive_recipe(plate).effects, frames=5, fps=24)
    assert frames.shape == (5, *shape) and (frames[0] == plate).all()


def test_an_empty_recipe_is_a_still():
    plate = picture()
    assert (play(plate, frames=3) == plate).all()
    assert len(play(plate, *EVERY, frames=1)) == 1


def test_progress_counts_and_stopping_early_is_fine():
    seen = []
    recipe = Recipe(effects=EVERY)
    frames = ambient(picture(), recipe, frames=6, fps=6, progress=lambda done, total: seen.append((done, total)))
    next(frames)
    next(frames)
    frames.close()  # type: ignore[attr-defined]
    assert seen == [(1, 6), (2, 6)]


@pytest.mark.parametrize(
    ("plate", "frames", "fps", "error"),
    [
        (np.zeros((64, 64), np.uint8), 4, 24, CoverError),
        (np.zeros((64, 64, 3), np.float32), 4, 24, CoverError),
        (np.zeros((8, 64, 3), np.uint8), 4, 24, CoverError),
        (np.zeros((64, 64, 3), np.uint8), 0, 24, ClipError),
        (np.zeros((64, 64, 3), np.uint8), 10**6, 24, ClipError),
        (np.zeros((64, 64, 3), np.uint8), 4, 0, ClipError),
        (np.zeros((64, 64, 3), np.uint8), 4, float("nan"), ClipError),
    ],
)
def test_bad_calls_are_refused_before_the_first_frame(plate, frames, fps, error):
    with pytest.raises(error):
        ambient(plate, Recipe(), frames=frames, fps=fps)
