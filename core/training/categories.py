"""Everyday objects from primitives. Sizes are relative; proportions vary; rare parts come and go.

They stand as :mod:`core.training.builder` says: Y is up and the front looks along +Z.
"""

from collections.abc import Callable

from core.training.builder import Builder


def chair(b: Builder) -> None:
    """Build a chair: a seat, a back, four legs and sometimes arms."""
    w, d, h, back = b.between(0.4, 0.6), b.between(0.4, 0.6), b.between(0.4, 0.6), b.between(0.4, 0.8)
    b.add("box", "seat", (0, h, 0), (w, 0.05, d))
    b.add("box", "back", (0, h + back / 2, -d), (w, back / 2, 0.05), (b.between(-8, 0), 0, 0))
    for part, z in (("front leg", 0.85 * d), ("back leg", -0.85 * d)):
        b.pair("cylinder", part, (0.85 * w, h / 2, z), (0.05, h / 2, 0.05))
    if b.maybe(0.4):
        b.pair("box", "arm", (w, h + 0.25, 0), (0.05, 0.04, 0.8 * d))


def table(b: Builder) -> None:
    """Build a table: a round or square top, four legs and sometimes a drawer."""
    w, d, h = b.between(0.6, 1.1), b.between(0.4, 0.7), b.between(0.5, 0.8)
    b.add("cylinder" if b.maybe(0.3) else "box", "top", (0, h, 0), (w, 0.04, d))
    for part, z in (("front leg", 0.75 * d), ("back leg", -0.75 * d)):
        b.pair("cone" if b.maybe() else "box", part, (0.75 * w, h / 2, z), (0.05, h / 2, 0.05), (180, 0, 0))
    if b.maybe(0.4):
        b.add("box", "drawer", (0.3 * w, h - 0.12, 0.6 * d), (0.25 * w, 0.08, 0.3 * d))


def sofa(b: Builder) -> None:
    """Build a sofa: a seat, a back, two arms and two cushions."""
    w, d = b.between(0.8, 1.3), b.between(0.4, 0.55)
    b.add("box", "seat", (0, 0.3, 0), (w, 0.15, d))
    b.add("box", "back", (0, 0.6, -d), (w, 0.4, 0.13))
    b.pair("box" if b.maybe() else "capsule", "arm", (w, 0.45, 0), (0.12, 0.25, d))
    b.pair("box", "cushion", (0.5 * w, 0.5, 0.1), (0.42 * w, 0.08, 0.7 * d))


def bed(b: Builder) -> None:
    """Build a bed: a mattress, a head, a foot and two pillows."""
    w, d = b.between(0.5, 0.9), b.between(0.9, 1.2)
    b.add("box", "mattress", (0, 0.35, 0), (w, 0.14, d))
    b.add("box", "head", (0, 0.55, -d), (w, b.between(0.3, 0.5), 0.06))
    b.add("box", "foot", (0, 0.3, d), (w, 0.25, 0.05))
    b.pair("ellipsoid", "pillow", (0.45 * w, 0.53, -0.75 * d), (0.35 * w, 0.09, 0.16 * d))


def cabinet(b: Builder) -> None:
    """Build a cabinet: a body on a plinth and two doors with handles."""
    w, h, d = b.between(0.4, 0.7), b.between(0.5, 1.0), b.between(0.25, 0.4)
    b.add("box", "body", (0, h, 0), (w, h, d))
    b.pair("box", "door", (0.49 * w, h, d), (0.45 * w, 0.9 * h, 0.03))
    b.pair("capsule", "handle", (0.12 * w, h, d + 0.06), (0.025, 0.15, 0.03))
    b.add("box", "plinth", (0, -0.05, 0), (1.05 * w, 0.05, 1.05 * d))


def lamp(b: Builder) -> None:
    """Build a floor lamp: a foot, a pole with a switch and a shade."""
    h, r = b.between(0.6, 1.2), b.between(0.25, 0.45)
    b.add("cylinder", "foot", (0, 0.03, 0), (0.8 * r, 0.03, 0.8 * r))
    b.add("cylinder", "pole", (0, h / 2, 0), (0.03, h / 2, 0.03))
    b.add("cone", "shade", (0, h, 0), (r, 0.22, r))
    b.add("ellipsoid", "switch", (0.05, 0.3 * h, 0.03), (0.04, 0.05, 0.04))


def mug(b: Builder) -> None:
    """Build a mug: a straight or conical body, a handle and a rim."""
    h, r = b.between(0.3, 0.5), b.between(0.25, 0.35)
    b.add("cylinder" if b.maybe() else "cone", "body", (0, 0, 0), (r, h, r), (180 * b.maybe(), 0, 0))
    b.add("torus", "handle", (r + 0.1, 0, 0), (0.6 * h, 0.08, 0.6 * h), (90, 0, 0))
    b.add("torus", "rim", (0, h, 0), (1.05 * r, 0.05, 1.05 * r))


def teapot(b: Builder) -> None:
    """Build a teapot: a body, a handle, a spout and a lid with a knob."""
    r = b.between(0.4, 0.55)
    b.add("ellipsoid", "body", (0, 0, 0), (r, b.between(0.3, 0.45), r))
    b.add("torus", "handle", (0, 0.05, -r - 0.1), (0.25, 0.07, 0.25), (0, 0, 90))
    b.add("cone", "spout", (0, 0.08, r + 0.15), (0.1, 0.3, 0.1), (b.between(45, 65), 0, 0))
    b.add("ellipsoid", "lid", (0, 0.35, 0), (0.6 * r, 0.07, 0.6 * r))
    b.add("ellipsoid", "knob", (0, 0.45, 0), (0.07, 0.08, 0.07))


def bottle(b: Builder) -> None:
    """Build a bottle: a round or square body, a shoulder, a neck, a cap and a label."""
    h, r = b.between(0.5, 0.8), b.between(0.18, 0.3)
    b.add("cylinder" if b.maybe(0.7) else "box", "body", (0, 0, 0), (r, h, r))
    b.add("cone", "shoulder", (0, h + 0.12, 0), (r, 0.14, r))
    b.add("cylinder", "neck", (0, h + 0.35, 0), (0.35 * r, 0.16, 0.35 * r))
    b.add("cylinder", "cap", (0, h + 0.54, 0), (0.45 * r, 0.06, 0.45 * r))
    b.add("box", "label", (0, -0.1, 0.95 * r), (0.5 * r, 0.4 * h, 0.1 * r))


def watering_can(b: Builder) -> None:
    """Build a watering can: a body, a spout with a rose and a handle."""
    r = b.between(0.35, 0.45)
    b.add("cone", "body", (0, 0, 0), (r, 0.4, r))
    b.add("cylinder", "spout", (0, 0.15, r + 0.25), (0.06, 0.45, 0.06), (b.between(40, 55), 0, 0))
    b.add("cone", "rose", (0, 0.5, r + 0.6), (0.14, 0.08, 0.14), (50 + 180, 0, 0))
    b.add("torus", "handle", (0, 0.2, -r), (0.3, 0.07, 0.3), (0, 0, 90))


def drill(b: Builder) -> None:
    """Build a cordless drill: a body, a grip with a trigger, a battery, a chuck and a bit."""
    b.add("capsule", "body", (0, 0.5, 0), (0.17, 0.5, 0.2), (90, 0, 0))
    b.add("box", "grip", (0, 0.1, -0.2), (0.11, 0.38, 0.14), (b.between(5, 20), 0, 0))
    b.add("box", "battery", (0, -0.32, -0.25), (0.18, 0.12, 0.28))
    b.add("cone", "chuck", (0, 0.5, 0.58), (0.13, 0.14, 0.13), (90, 0, 0))
    b.add("cylinder", "bit", (0, 0.5, 0.9), (0.03, 0.25, 0.03), (90, 0, 0))
    b.add("box", "trigger", (0, 0.28, -0.02), (0.04, 0.09, 0.05))


def car(b: Builder) -> None:
    """Build a car: a body, a cabin, four wheels, headlights and a bumper."""
    length, w = b.between(0.9, 1.2), b.between(0.4, 0.5)
    b.add("box", "body", (0, 0.3, 0), (w, 0.17, length))
    b.add("box", "cabin", (0, 0.58, b.between(-0.3, 0)), (0.85 * w, 0.16, b.between(0.4, 0.6)))
    for part, z in (("front wheel", 0.6 * length), ("back wheel", -0.6 * length)):
        b.pair("cylinder", part, (w, 0.16, z), (0.17, 0.07, 0.17), (0, 0, 90))
    b.pair("ellipsoid", "headlight", (0.7 * w, 0.33, length), (0.08, 0.06, 0.05))
    b.add("box", "bumper", (0, 0.18, -length), (0.9 * w, 0.06, 0.06))


def plane(b: Builder) -> None:
    """Build an aeroplane: a body, wings with engines, tailplanes and a fin."""
    b.add("capsule", "body", (0, 0, 0), (0.16, b.between(0.9, 1.2), 0.16), (90, 0, 0))
    b.pair("box", "wing", (0.6, 0, 0.1), (0.6, 0.03, 0.18), (0, b.between(5, 30), 0))
    b.pair("box", "tailplane", (0.25, 0.05, -0.9), (0.25, 0.02, 0.1))
    b.add("box", "fin", (0, 0.25, -0.9), (0.02, 0.22, 0.13))
    b.pair("capsule", "engine", (0.5, -0.1, 0.25), (0.08, 0.18, 0.08), (90, 0, 0))


def quadruped(b: Builder) -> None:
    """Build an animal on four legs: a body, a neck, a head with ears and a tail."""
    h, length = b.between(0.35, 0.6), b.between(0.5, 0.8)
    b.add("ellipsoid", "body", (0, h + 0.2, 0), (b.between(0.22, 0.32), b.between(0.22, 0.3), length))
    for part, z in (("front leg", 0.65 * length), ("back leg", -0.65 * length)):
        b.pair("capsule", part, (0.17, h / 2, z), (0.08, h / 2 + 0.08, 0.08))
    b.add("capsule", "neck", (0, h + 0.45, 0.8 * length), (0.11, 0.25, 0.11), (b.between(20, 50), 0, 0))
    b.add("ellipsoid", "head", (0, h + 0.7, length + 0.1), (0.15, 0.15, b.between(0.18, 0.32)))
    b.pair("ellipsoid", "ear", (0.12, h + 0.88, length), (0.05, b.between(0.08, 0.2), 0.04))
    b.add("capsule", "tail", (0, h + 0.25, -length - 0.15), (0.04, 0.28, 0.04), (b.between(-60, -20), 0, 0))


def biped(b: Builder) -> None:
    """Build a figure on two legs: a torso, a head with a nose, arms, legs and feet."""
    b.add("ellipsoid", "torso", (0, 0.75, 0), (b.between(0.2, 0.3), 0.32, 0.17))
    b.add("ellipsoid", "head", (0, 1.25, 0.02), (0.18, 0.2, 0.19))
    b.add("ellipsoid", "nose", (0, 1.23, 0.22), (0.04, 0.04, 0.06))
    b.pair("capsule", "arm", (0.36, 0.75, 0), (0.07, 0.33, 0.07), (0, 0, b.between(10, 70)))
    b.pair("capsule", "leg", (0.14, 0.25, 0), (0.09, 0.32, 0.09))
    b.pair("box", "foot", (0.14, -0.05, 0.08), (0.08, 0.05, 0.16))


def bird(b: Builder) -> None:
    """Build a bird: a body, a head with a beak, wings, a tail and two legs."""
    b.add("ellipsoid", "body", (0, 0.4, 0), (0.24, 0.24, b.between(0.35, 0.5)), (b.between(-30, 0), 0, 0))
    b.add("ellipsoid", "head", (0, 0.75, 0.35), (0.15, 0.15, 0.16))
    b.add("cone", "beak", (0, 0.73, 0.55), (0.06, 0.12, 0.05), (90, 0, 0))
    b.pair("ellipsoid", "wing", (0.26, 0.42, -0.05), (0.06, 0.16, 0.36), (0, b.between(0, 40), 0))
    b.add("box", "tail", (0, 0.3, -0.55), (0.12, 0.03, 0.2), (b.between(-20, 10), 0, 0))
    b.pair("cylinder", "leg", (0.1, 0.1, 0.02), (0.03, 0.16, 0.03))


def guitar(b: Builder) -> None:
    """Build a guitar: two bouts with a hole and a bridge, a neck and a head with pegs."""
    b.add("cylinder", "lower bout", (0, 0, 0), (0.36, 0.09, 0.34), (90, 0, 0))
    b.add("cylinder", "upper bout", (0, 0.42, 0), (0.27, 0.09, 0.26), (90, 0, 0))
    b.add("box", "neck", (0, 1.05, 0.06), (0.055, 0.5, 0.035))
    b.add("box", "head", (0, 1.65, 0.03), (0.09, 0.14, 0.03))
    b.add("box", "bridge", (0, -0.12, 0.11), (0.14, 0.03, 0.03))
    b.add("torus", "hole", (0, 0.3, 0.09), (0.12, 0.04, 0.12), (90, 0, 0))
    b.pair("ellipsoid", "peg", (0.12, 1.65, 0.03), (0.05, 0.03, 0.03))


CATEGORIES: dict[str, Callable[[Builder], None]] = {
    maker.__name__: maker
    for maker in (
        chair, table, sofa, bed, cabinet, lamp, mug, teapot, bottle, watering_can, drill, car, plane, quadruped, biped,
        bird, guitar,
    )
}  # fmt: skip
"""Name -> maker."""
