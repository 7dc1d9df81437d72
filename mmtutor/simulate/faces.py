"""Drawn faces: a shaded height field whose shape and albedo follow a few numbers.

One face is a smooth surface ``z(x, y)`` in head coordinates (``x`` to the viewer's right, ``y`` up,
``z`` towards the viewer, the image spanning -1 to 1). It is turned by yaw and pitch, lit by one
distant lamp after Lambert's cosine law, and painted: hair, brows, eyes, lips, glasses. Who it is
(`identity`) and how it feels (`valence`) are independent inputs, so that either can be a label
while the other is a nuisance.

The faces are made to be recognised by detectors that were trained on photographs; the tests ask
two of them.
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import numpy as np

from mmtutor._ranges import FINITE, check_ranges, generator
from mmtutor.simulate._checks import STRONGEST, between, count, point

__all__ = ["IDENTITY_NAMES", "IDENTITY_SIZE", "render_face"]

IDENTITY_NAMES: tuple[str, ...] = (
    "face width",
    "jaw",
    "eye spacing",
    "eye size",
    "eye tilt",
    "brow thickness",
    "brow height",
    "nose length",
    "nose width",
    "mouth width",
    "lips",
    "hair line",
    "hair length",
    "hair darkness",
    "skin",
    "glasses",
)
"""What each identity coordinate moves, in order."""

IDENTITY_SIZE: int = len(IDENTITY_NAMES)
"""Number of identity coordinates."""

_Face = SimpleNamespace  # the measures of one face
_DEPTH = 0.56  # of the head, from its outline to its front
_CHIN, _CROWN, _MIDDLE = -0.76, 0.70, 0.0


def _squash(values: np.ndarray) -> np.ndarray:
    """Leave [-3, 3] as it is and bend what lies beyond towards +-3.5, without a kink."""
    beyond = np.maximum(np.abs(values) - 3.0, 0.0)
    return np.clip(values, -3.0, 3.0) + np.sign(values) * 0.5 * np.tanh(beyond / 0.5)


def _measure(identity: np.ndarray) -> _Face:
    """Turn standard-normal coordinates into measures: lengths linear, sizes exponential.

    Lengths are in units of half the image, albedos (skin and hair) in [0, 1].
    """
    c = dict(zip(IDENTITY_NAMES, _squash(identity).tolist(), strict=True))
    return _Face(
        half_width=0.51 * np.exp(0.055 * c["face width"]),
        jaw=2.25 * np.exp(0.11 * c["jaw"]),
        eye_x=0.213 + 0.014 * c["eye spacing"] + 0.008 * c["face width"],
        eye_y=0.06,
        eye_width=0.108 * np.exp(0.085 * c["eye size"]),
        eye_tilt=0.10 * c["eye tilt"],
        brow_thickness=0.026 * np.exp(0.26 * c["brow thickness"]),
        brow_y=0.215 + 0.017 * c["brow height"],
        nose_y=-0.185 - 0.024 * c["nose length"],
        nose_width=0.082 * np.exp(0.13 * c["nose width"]),
        mouth_width=0.190 * np.exp(0.095 * c["mouth width"]),
        lips=0.045 * np.exp(0.25 * c["lips"]),
        hair_line=0.50 + 0.045 * c["hair line"],
        hair_length=c["hair length"],
        hair=float(np.clip(0.27 * np.exp(-0.6 * c["hair darkness"]), 0.06, 0.72)),
        skin=0.76 + 0.065 * c["skin"],
        glasses=float(1.0 / (1.0 + np.exp(-14.0 * (c["glasses"] - 0.75)))),
    )


def _bump(x: np.ndarray, y: np.ndarray, width: float, height: float) -> np.ndarray:
    return np.exp(-0.5 * ((x / width) ** 2 + (y / height) ** 2))


def _height(face: _Face, smile: float, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Height of the skin at head coordinates, in units of half the image."""
    half_height = np.where(y > _MIDDLE, _CROWN - _MIDDLE, _MIDDLE - _CHIN)
    q = (x / (face.half_width * 1.04)) ** 2 + ((y - _MIDDLE) / half_height) ** 2
    q = np.minimum(q, 1.6)
    z = _DEPTH * (1.0 - 0.55 * q - 0.45 * q * q)
    side = np.abs(x)
    down = np.clip((face.eye_y + 0.06 - y) / (face.eye_y + 0.06 - face.nose_y), 0.0, 1.4)
    ridge = np.exp(-0.5 * (x / (0.040 + 0.35 * face.nose_width * down)) ** 2)
    z += 0.115 * down * ridge / (1.0 + np.exp((face.nose_y - 0.015 - y) / 0.016))
    z += 0.035 * _bump(side - 0.75 * face.nose_width, y - face.nose_y, 0.030, 0.035)
    z -= 0.060 * _bump(side - face.eye_x, y - face.eye_y, 0.12, 0.065)
    z += 0.020 * _bump(side - face.eye_x, y - face.brow_y, 0.17, 0.05)
    z += (0.030 + 0.030 * max(smile, 0.0)) * _bump(
        side - 0.27, y + 0.16 - 0.03 * smile, 0.10, 0.085
    )
    z += 0.014 * _bump(x, y + 0.40, 0.18, 0.07)
    z += 0.030 * _bump(x, y + 0.64, 0.12, 0.07)
    return z


def _turn(
    face: _Face, smile: float, u: np.ndarray, v: np.ndarray, yaw: float, pitch: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Find the head coordinates seen at each pixel, and their depth as the viewer sees it.

    A point (x, y, z) appears at u = x cos(yaw) + z sin(yaw), v = y cos(pitch) + (...) sin(pitch).
    The height depends on where we are, so this is solved by fixed-point iteration; the surface is
    flat enough for it to converge in a few steps up to about 30 degrees.
    """
    cos_yaw, sin_yaw = np.cos(yaw), np.sin(yaw)
    cos_pitch, sin_pitch = np.cos(pitch), np.sin(pitch)
    x, y = u, v
    z = _height(face, smile, x, y) - 0.5 * _DEPTH  # turned about the middle of the head
    for _ in range(4 if yaw or pitch else 0):
        x = (u - z * sin_yaw) / cos_yaw
        y = (v - (z * cos_yaw - x * sin_yaw) * sin_pitch) / cos_pitch
        z = _height(face, smile, x, y) - 0.5 * _DEPTH
    depth = (z * cos_yaw - x * sin_yaw) * cos_pitch - y * sin_pitch
    return x, y, depth


def _shade(depth: np.ndarray, light: float, step: float) -> np.ndarray:
    """Lambert's law on the visible surface: ambient light plus the cosine to the lamp."""
    slope_v, slope_u = np.gradient(depth, step)
    slope_v = -slope_v  # rows run down, v runs up
    lamp = np.array([np.sin(light) * np.cos(0.4), np.sin(0.4), np.cos(light) * np.cos(0.4)])
    cosine = (lamp[2] - lamp[0] * slope_u - lamp[1] * slope_v) / np.sqrt(
        1.0 + slope_u**2 + slope_v**2
    )
    return 0.50 + 0.60 * np.maximum(cosine, 0.0)


def render_face(
    identity: np.ndarray,
    *,
    valence: float = 0.0,
    yaw: float = 0.0,
    pitch: float = 0.0,
    light: float = 0.0,
    noise: float = 0.02,
    size: int = 96,
    random_state: int | np.random.Generator | None = None,
) -> np.ndarray:
    """Draw one grey face.

    Parameters
    ----------
    identity : ndarray of shape (IDENTITY_SIZE,)
        Who it is, in standard-normal units; `IDENTITY_NAMES` says what each coordinate moves.
        Values beyond +-3 are squashed smoothly towards +-3.5.
    valence : float, default=0.0
        Expression from -1 (frown) over 0 (neutral) to 1 (smile); clipped to that range. It moves
        the corners and opening of the mouth, the cheeks, the lids and the brows.
    yaw, pitch : float, default=0.0
        Turn of the head in degrees, at most 30 either way: positive yaw turns the face to the
        viewer's right, positive pitch upwards.
    light : float, default=0.0
        Direction of the lamp in degrees, at most 90 either way: 0 in front, positive from the
        viewer's right. The lamp is always somewhat above.
    noise : float, default=0.02
        Standard deviation of the pixel noise, where 1 is the range from black to white.
    size : int, default=96
        Height and width of the image in pixels, at least 16.
    random_state : int, numpy.random.Generator or None, default=None
        Seed of the noise.

    Returns
    -------
    ndarray of shape (size, size), uint8
        The picture, 0 black to 255 white.

    Raises
    ------
    ValueError
        If `identity` has another shape, a value is not finite, an angle is too large, `noise` is
        negative or `size` is below 16.

    Notes
    -----
    Taught in notebook 02.

    References
    ----------
    J. H. Lambert, Photometria, 1760: brightness follows the cosine between surface and light.

    Examples
    --------
    >>> import numpy as np
    >>> face = render_face(np.zeros(IDENTITY_SIZE), valence=1.0, random_state=0)
    >>> face.shape, face.dtype
    ((96, 96), dtype('uint8'))
    """
    yaw, pitch, light = (
        between(angle, -most, most, what=what, unit=" degrees")
        for what, angle, most in (("yaw", yaw, 30), ("pitch", pitch, 30), ("light", light, 90))
    )
    noise = between(noise, 0, STRONGEST, what="noise")
    size = count(size, what="size", low=16, high=4096)
    check_ranges({"valence": FINITE}, valence=valence)
    face = _measure(point(identity, IDENTITY_NAMES))
    rng = generator(random_state)
    smile = float(np.clip(valence, -1.0, 1.0))

    step = 2.0 / size
    axis = (np.arange(size) + 0.5) * step - 1.0
    u, v = np.meshgrid(axis, -axis)
    blur = 0.011 * max(1.0, 96 / size)  # softness of every drawn edge: half a pixel at 96

    def inside(distance: np.ndarray, softness: float = 1.0) -> np.ndarray:
        return 1.0 / (1.0 + np.exp(np.clip(-distance / (blur * softness), -40.0, 40.0)))

    x, y, depth = _turn(face, smile, u, v, np.radians(yaw), np.radians(pitch))
    shade = _shade(depth, np.radians(light), step)

    canvas = _draw_behind(face, u, v, np.radians(yaw), np.radians(pitch), inside)
    head = _draw_skin(face, smile, x, y, inside)
    head = _draw_eyes(face, smile, head, x, y, inside)
    head = _draw_mouth(face, smile, head, x, y, inside)
    head = _draw_hair(face, head, x, y, inside)
    head = _draw_glasses(face, head, x, y, inside)
    outline = inside((1.0 - _radius(face, x, y)) * face.half_width)
    canvas = _mix(canvas, head * shade, outline)
    canvas = canvas + noise * rng.standard_normal(canvas.shape)
    return np.clip(np.rint(255.0 * canvas), 0, 255).astype(np.uint8)


_Inside = Callable[..., np.ndarray]


def _mix(below: np.ndarray, above: np.ndarray | float, cover: np.ndarray) -> np.ndarray:
    """Paint `above` over `below` where `cover` is 1."""
    return below + cover * (above - below)


def _radius(face: _Face, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Distance from the middle of the head; 1 on its outline, a superellipse squarer at the jaw."""
    up = y > _MIDDLE
    power = np.where(up, 2.2, face.jaw)
    half_height = np.where(up, _CROWN - _MIDDLE, _MIDDLE - _CHIN)
    total = np.abs(x / face.half_width) ** power + np.abs((y - _MIDDLE) / half_height) ** power
    return total ** (1.0 / power)


def _draw_behind(
    face: _Face, u: np.ndarray, v: np.ndarray, yaw: float, pitch: float, inside: _Inside
) -> np.ndarray:
    """Wall, clothes, neck, the hair behind the head, and ears."""
    canvas = 0.88 - 0.07 * u * u - 0.05 * v
    # Neck and clothes stay in place when the head turns.
    shoulders = -0.86 - 0.10 * (u / 0.5) ** 2
    canvas = _mix(canvas, 0.36, inside(shoulders - v))
    neck_width = 0.60 * face.half_width
    neck = (
        inside(neck_width + 0.02 - np.abs(u)) * inside(-0.30 - v) * inside(v + 0.93 - 0.3 * u * u)
    )
    shadow = 0.55 + 0.25 * np.clip((-0.72 - v) / 0.25, 0.0, 1.0)
    canvas = _mix(canvas, face.skin * shadow * (1.0 - 0.9 * u * u), neck)
    # Hair lies behind the middle of the head and so swings the other way.
    x = u + 0.12 * np.sin(yaw)
    y = v + 0.12 * np.sin(pitch)
    long = 1.0 / (1.0 + np.exp(-2.5 * (face.hair_length - 0.5)))
    side = np.abs(x) / (face.half_width + 0.025 + 0.075 * long)
    end = np.where(y > 0.05, 0.84, 0.20 + 0.55 * long)  # how far the hair reaches up and down
    power = np.where(y > 0.05, 2.4, 3.0 + 1.5 * long)
    hair = 1.0 - (side**power + (np.abs(y - 0.05) / end) ** power) ** (1.0 / power)
    strands = 1.0 + 0.10 * np.sin(34.0 * x / (1.25 + y))
    canvas = _mix(canvas, face.hair * strands * (0.80 + 0.12 * y), inside(0.6 * hair, 1.3))
    # Ears.
    ear = 1.0 - np.sqrt(
        ((np.abs(x) - face.half_width - 0.005) / 0.060) ** 2 + ((y + 0.02) / 0.125) ** 2
    )
    shown = 1.0 - long
    return _mix(canvas, face.skin * (0.62 + 0.25 * np.clip(ear, 0, 1)), shown * inside(0.06 * ear))


def _draw_skin(
    face: _Face, smile: float, x: np.ndarray, y: np.ndarray, inside: _Inside
) -> np.ndarray:
    """Skin with nostrils, the fold from nose to mouth, and the furrow of a frown."""
    skin = np.full_like(x, face.skin)
    side = np.abs(x)
    nostril = _bump(side - 0.55 * face.nose_width, y - face.nose_y + 0.030, 0.024, 0.015)
    skin *= 1.0 - 0.52 * nostril
    skin *= 1.0 - 0.16 * _bump(x, y - face.nose_y + 0.048, 0.9 * face.nose_width, 0.018)
    wing = side - 1.25 * face.nose_width
    skin *= 1.0 - 0.16 * _bump(wing, y - face.nose_y - 0.005, 0.014, 0.035)
    # The fold runs from beside the nose to beside the corner of the mouth, deepest in its middle.
    t = (face.nose_y + 0.01 - y) / (face.nose_y + 0.41)
    reach = face.mouth_width * (1.12 + 0.28 * max(smile, 0.0)) - 1.5 * face.nose_width
    fold = side - 1.5 * face.nose_width - reach * np.sqrt(np.clip(t, 0.0, 1.0))
    along = np.clip(4.0 * t * (1.0 - t), 0.0, 1.0)
    skin *= 1.0 - (0.04 + 0.09 * max(smile, 0.0)) * along * np.exp(-0.5 * (fold / 0.022) ** 2)
    furrow = _bump(side - 0.028, y - face.brow_y + 0.015, 0.012, 0.032)
    return skin * (1.0 - 0.26 * max(-smile, 0.0) * furrow)


def _draw_eyes(
    face: _Face, smile: float, head: np.ndarray, x: np.ndarray, y: np.ndarray, inside: _Inside
) -> np.ndarray:
    """Sockets, whites, irises, lids and brows; both sides at once through |x|."""
    out = np.abs(x) - face.eye_x  # from the middle of the eye towards the temple
    up = y - face.eye_y - face.eye_tilt * out
    t = out / face.eye_width
    arc = 1.0 - t * t
    upper = 0.52 * face.eye_width * arc * (1.0 - 0.10 * abs(smile))
    lower = -0.36 * face.eye_width * arc * (1.0 - 0.45 * max(smile, 0.0))
    head = head * (1.0 - 0.30 * _bump(out, up - 0.015, 1.25 * face.eye_width, 0.070))
    white = inside(upper - up, 0.6) * inside(up - lower, 0.6)
    head = _mix(head, 0.60 + 0.32 * face.skin, white)
    distance = np.sqrt(out**2 + (up - 0.006) ** 2)
    iris = 0.50 * face.eye_width
    head = _mix(head, 0.25, white * inside(iris - distance, 0.6))
    head = _mix(head, 0.04, white * inside(0.52 * iris - distance, 0.6))
    glint = np.sqrt((np.abs(x + 0.018) - face.eye_x) ** 2 + (up - 0.028) ** 2)
    head = _mix(head, 0.95, 0.8 * white * inside(0.012 - glint, 0.6))
    near = inside((1.15 - np.abs(t)) * face.eye_width, 1.2)
    head = _mix(head, 0.06, 0.9 * near * np.exp(-0.5 * ((up - upper - 0.004) / 0.013) ** 2))
    head = head * (1.0 - 0.35 * near * np.exp(-0.5 * ((up - lower + 0.006) / 0.011) ** 2))
    # Brows: a frown lowers and draws them together, a smile lifts them a little.
    frown = max(-smile, 0.0)
    reach = out + 0.030 * frown
    s = reach / (1.42 * face.eye_width)
    middle = face.brow_y + 0.035 * (1.0 - s * s) + 0.018 * smile + 0.20 * frown * out
    thickness = face.brow_thickness * (1.0 - 0.45 * np.clip(s, -0.4, 1.0))
    brow = inside(thickness - np.abs(y - middle)) * inside((1.0 - np.abs(s)) * 0.15)
    return _mix(head, min(0.9 * face.hair, 0.45 * face.skin), 0.92 * brow)


def _draw_mouth(
    face: _Face, smile: float, head: np.ndarray, x: np.ndarray, y: np.ndarray, inside: _Inside
) -> np.ndarray:
    """Lips along a curve that a smile bends up; a broad smile opens and shows the teeth."""
    happy, sad = max(smile, 0.0), max(-smile, 0.0)
    half = face.mouth_width * (1.0 + 0.28 * happy - 0.06 * sad)
    t = x / half
    arc = np.clip(1.0 - t * t, -1.0, 1.0)
    bend = (0.55 if smile > 0 else 0.46) * face.mouth_width * smile
    middle = -0.435 + bend * (t * t - 0.40)
    opening = (
        (0.30 * face.mouth_width + 0.05) * float(np.clip((smile - 0.15) / 0.85, 0.0, 1.0)) * arc
    )
    bow = 1.0 - 0.25 * np.exp(-0.5 * (x / 0.025) ** 2)
    press = 1.0 - 0.30 * sad - 0.15 * happy
    top = middle + face.lips * press * bow * arc
    bottom = middle - opening - 1.5 * face.lips * press * arc
    within = inside((1.0 - np.abs(t)) * half)
    lips = inside(top - y) * inside(y - bottom) * within
    head = _mix(head, 0.52 * face.skin, 0.9 * lips)
    gap = inside(middle - y, 0.7) * inside(y - middle + opening, 0.7) * within
    if opening.max() > 0:
        strength = min(1.0, float(opening.max()) / 0.03)
        head = _mix(head, 0.10, strength * gap)
        teeth = gap * inside(y - middle + 0.72 * opening, 0.7) * inside((0.90 - np.abs(t)) * half)
        head = _mix(head, 0.93, strength * teeth)
    line = np.exp(-0.5 * ((y - middle) / 0.010) ** 2) + np.exp(
        -0.5 * ((y - middle + opening) / 0.010) ** 2
    )
    head = _mix(head, 0.20 * face.skin, 0.68 * within * np.minimum(line, 1.0))
    corner = _bump(np.abs(x) - half, y + 0.435 - 0.60 * bend, 0.020, 0.018)
    return head * (1.0 - 0.45 * corner)


def _draw_hair(
    face: _Face, head: np.ndarray, x: np.ndarray, y: np.ndarray, inside: _Inside
) -> np.ndarray:
    """The hair over the forehead, parted to one side, and down the temples."""
    line = face.hair_line - 0.30 * (x / face.half_width) ** 2 - 0.05 * (x + 0.10)
    temple = np.abs(x) - 0.90 * face.half_width
    cover = np.maximum(inside(y - line, 1.6), inside(temple, 1.6) * inside(y - 0.02, 3.0))
    strands = 1.0 + 0.16 * np.sin(30.0 * (x + 0.12) / (1.35 - 0.6 * y)) + 0.10 * (y - 0.5)
    return _mix(head, face.hair * strands, cover)


def _draw_glasses(
    face: _Face, head: np.ndarray, x: np.ndarray, y: np.ndarray, inside: _Inside
) -> np.ndarray:
    """Dark rims round both eyes, a bridge and two sides."""
    if face.glasses < 0.01:
        return head
    dx = (np.abs(x) - face.eye_x - 0.005) / 0.165
    dy = (y - face.eye_y + 0.010) / 0.125
    rim = (np.sqrt(np.sqrt(dx**4 + dy**4 + dx**2 * dy**2)) - 1.0) * 0.14
    frame = inside(0.016 - np.abs(rim), 0.7)
    outer = face.eye_x + 0.17
    bar = inside(0.013 - np.abs(y - face.eye_y - 0.03), 0.7)
    sides = bar * (inside(np.abs(x) - outer) + inside(face.eye_x - 0.155 - np.abs(x)))
    frame = np.maximum(frame, np.minimum(sides, 1.0))
    return _mix(head, 0.10, 0.9 * face.glasses * frame)
