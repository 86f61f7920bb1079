"""Makes resources/sample: two toy elephants as GLB, and a photo-like picture of each with its true pose.

Run with the project's environment: python packaging/make_sample.py. Takes about two minutes. On one machine the same
bytes come out every time.
"""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import open3d as o3d
import pyvista as pv
import trimesh
from PIL import ExifTags, Image

sys.path.insert(0, str(Path(__file__).parents[1]))

from core.geometry.camera import Camera, look_at
from core.geometry.paint import to_linear

OUT = Path(__file__).parents[1] / "resources" / "sample"
SIZE = (1280, 960)
PASSES = 12
LAMPS = (((2.2, 3.6, 2.0), 1.15), ((-2.6, 3.2, 1.6), 0.5))
SKIN, EAR, NAIL, TUSK, EYE, BLANKET = range(6)
BLOCKS = ("#c37d79", "#7095c4", "#e2c672", "#7cb38a", "#ccccce", "#b28cbb")


@dataclass(frozen=True)
class Proportions:
    """What makes one elephant another."""

    body: tuple[float, float, float] = (0.52, 0.40, 0.36)
    leg: float = 0.42
    head: float = 0.27
    ear: float = 0.27
    trunk_curl: float = 1.0


@dataclass(frozen=True)
class Look:
    """Colours in a picture or a file, by part."""

    colors: tuple[str, str, str, str, str, str]


GREY = Look(("#8fa3b8", "#d9a3a8", "#efe8d8", "#fbf6e9", "#20242c", "#c94f4f"))
WOOD = Look(("#c98a4b", "#e8b77d", "#6b4326", "#f5ead2", "#2a1c12", "#2f7f79"))
TEAL = Look(("#4d9fa3", "#f0c66b", "#f7f1e3", "#fffaf0", "#1c2326", "#e0703f"))


@dataclass(frozen=True)
class Toy:
    """A surface: vertices and outward unit normals float64 [V, 3] (y up, facing +x), faces int64 [F, 3]."""

    proportions: Proportions
    vertices: np.ndarray
    normals: np.ndarray
    faces: np.ndarray


def elephant(p: Proportions, cells: int = 128) -> Toy:
    """The zero level of :func:`field`, with triangles of about equal size."""
    low, high = np.array([-0.85, -0.02, -0.66]), np.array([1.5, 1.3, 0.66])
    step = float((high - low).max()) / cells
    axes = [np.arange(a, b, step) for a, b in zip(low, high, strict=True)]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3).astype(np.float32)
    distance, _ = field(grid, p)
    image = pv.ImageData(dimensions=[len(a) for a in axes], spacing=(step,) * 3, origin=low)
    image["d"] = distance.reshape([len(a) for a in axes]).ravel(order="F")
    surface = image.contour([0.0], scalars="d").triangulate().smooth_taubin(n_iter=12)
    vertices = np.asarray(surface.points, np.float64)
    for _ in range(3):
        slope = gradient(vertices, p)
        vertices = vertices - field(vertices, p)[0][:, None] * slope / np.maximum((slope**2).sum(axis=1), 0.25)[:, None]
    faces = np.asarray(surface.faces, np.int64).reshape(-1, 4)[:, 1:]
    if trimesh.Trimesh(vertices, faces, process=False).volume < 0:
        faces = faces[:, ::-1]
    first = faces.argmin(axis=1)[:, None]
    faces = np.take_along_axis(faces, (first + np.arange(3)) % 3, axis=1)
    normals = gradient(vertices, p)
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    return Toy(p, vertices, normals, faces[np.lexsort(faces.T[::-1])])


def gradient(x: np.ndarray, p: Proportions, step: float = 2e-3) -> np.ndarray:
    """Gradient of the distance [N, 3]: along the outward normal at the surface."""
    steps = step * np.eye(3)
    return np.stack([field(x + s, p)[0] - field(x - s, p)[0] for s in steps], axis=1) / (2 * step)


def field(x: np.ndarray, p: Proportions) -> tuple[np.ndarray, np.ndarray]:
    """Signed distance [N] and part [N] at points [N, 3]."""
    bx, by, bz = p.body
    y0 = p.leg + 0.62 * by
    head = np.array([bx + 0.14, y0 + 0.2, 0.0])
    pieces: list[tuple[np.ndarray, int]] = [(ellipsoid(x, (0, y0, 0), p.body), SKIN)]
    pieces.append((ellipsoid(x, head, (p.head, p.head * 1.05, p.head * 0.9)), SKIN))
    mirrored = x * [1, 1, -1]
    folded = np.where(x[:, 2:] >= 0, x, mirrored)
    for leg_x in (-0.62 * bx, 0.62 * bx):
        pieces.append((capsule(folded, (leg_x, 0.11, 0.55 * bz), (leg_x, y0, 0.5 * bz), 0.115), SKIN))
    trunk = [head + [p.head * 0.8, -0.02, 0], head + [p.head + 0.13, -0.2, 0], head + [p.head + 0.17, -0.42, 0]]
    trunk += [head + [p.head + 0.24 * p.trunk_curl, -0.55, 0], head + [p.head + 0.36 * p.trunk_curl, -0.52, 0]]
    for a, b, r in zip(trunk[:-1], trunk[1:], (0.125, 0.1, 0.08, 0.065), strict=True):
        pieces.append((capsule(x, a, b, r), SKIN))
    pieces.append((capsule(x, (-bx * 0.93, y0 + 0.1, 0), (-bx - 0.16, y0 - 0.2, 0.03), 0.035), SKIN))
    total = pieces[0][0]
    for d, _ in pieces[1:]:
        total = smooth_min(total, d, 0.06)
    part = np.full(len(x), SKIN)
    tilt = np.array([[0.55, 0, 0.83], [0, 1, 0], [-0.83, 0, 0.55]])
    ear_center = np.array([head[0] - 0.1, head[1] + 0.03, p.head * 0.9 + 0.12])
    ear = plate((folded - ear_center) @ tilt, p.ear, p.ear * 0.8, 0.04)
    total = smooth_min(total, ear, 0.03)
    tusk = capsule(folded, head + [p.head * 0.75, -0.12, 0.13], head + [p.head + 0.2, -0.24, 0.17], 0.033)
    eye = np.linalg.norm(folded - (head + [p.head * 0.72, 0.1, p.head * 0.62]), axis=1) - 0.04
    part[ear < 0.012] = EAR
    part[folded[:, 1] < 0.09] = NAIL
    part[tusk < total + 0.004] = TUSK
    part[eye < 0.008] = EYE
    total = np.minimum(total, np.minimum(tusk, eye))
    saddle = (np.abs(x[:, 0] + 0.03) < 0.23) & (x[:, 1] > y0 + 0.02) & (x[:, 0] < head[0] - p.head)
    part[saddle & (part == SKIN)] = BLANKET
    return np.maximum(total, -x[:, 1]), part


def ellipsoid(x: np.ndarray, center: object, radii: object) -> np.ndarray:
    """Distances [N] of points [N, 3] from an ellipsoid, to first order; negative inside."""
    q = (x - np.asarray(center)) / np.asarray(radii)
    k = np.linalg.norm(q, axis=1)
    return k * (k - 1) / np.maximum(np.linalg.norm(q / np.asarray(radii), axis=1), 1e-6)


def plate(x: np.ndarray, high: float, long: float, r: float) -> np.ndarray:
    """An oval of half axes ``high`` (y) and ``long`` (z), thickness 2 ``r`` along x, with a round rim."""
    inner = np.array([high - r, long - r])
    beyond = np.maximum(np.linalg.norm(x[:, 1:] / inner, axis=1) - 1, 0) * inner.min()
    return np.hypot(x[:, 0], beyond) - r


def capsule(x: np.ndarray, a: object, b: object, r: float) -> np.ndarray:
    """Distances [N] of points [N, 3] from a rod of radius ``r`` from ``a`` [3] to ``b`` [3]; negative inside."""
    a, b = np.asarray(a, float), np.asarray(b, float)
    t = np.clip((x - a) @ (b - a) / ((b - a) @ (b - a)), 0, 1)
    return np.linalg.norm(x - a - t[:, None] * (b - a), axis=1) - r


def smooth_min(a: np.ndarray, b: np.ndarray, k: float) -> np.ndarray:
    """The smaller of two fields of distances [N], blended where they differ by less than ``k``."""
    h = np.clip(0.5 + 0.5 * (b - a) / k, 0, 1)
    return b * (1 - h) + a * h - k * h * (1 - h)


def part_colors(points: np.ndarray, p: Proportions, look: Look) -> np.ndarray:
    """Linear RGB [N, 3] in [0, 1] at points of the surface [N, 3]."""
    return linear(look.colors)[field(points, p)[1]]


def linear(colors: tuple[str, ...]) -> np.ndarray:
    """Hexadecimal sRGB -> linear RGB [N, 3] in [0, 1]."""
    return np.array([[int(c[i : i + 2], 16) / 255 for i in (1, 3, 5)] for c in colors]) ** 2.2


def store_light(path: Path) -> None:
    """Vertex colours of a GLB that trimesh wrote (sRGB bytes) as glTF wants them: amounts of light, here 16-bit."""
    content = path.read_bytes()
    length = int.from_bytes(content[12:16], "little")
    tree, binary = json.loads(content[20 : 20 + length]), content[28 + length :]
    accessor = tree["accessors"][tree["meshes"][0]["primitives"][0]["attributes"]["COLOR_0"]]
    view = tree["bufferViews"][accessor["bufferView"]]
    begin, end = view["byteOffset"], view["byteOffset"] + view["byteLength"]
    rgba = np.frombuffer(binary[begin:end], np.uint8).reshape(-1, 4) / 255
    rgba[:, :3] = to_linear(rgba[:, :3])
    light = np.round(rgba * 65535).astype("<u2").tobytes()
    assert end >= tree["buffers"][0]["byteLength"], "the colours stand last"
    binary = binary[:begin] + light
    view["byteLength"], tree["buffers"][0]["byteLength"] = len(light), len(binary)
    for key in ("min", "max"):
        accessor.pop(key, None)
    accessor["componentType"] = 5123
    text = json.dumps(tree, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 4)
    body = len(text).to_bytes(4, "little") + b"JSON" + text + len(binary).to_bytes(4, "little") + b"BIN\0" + binary
    path.write_bytes(b"glTF" + (2).to_bytes(4, "little") + (12 + len(body)).to_bytes(4, "little") + body)


def vertex_colors(toy: Toy, look: Look, radius: float = 0.009) -> np.ndarray:
    """sRGB uint8 [V, 3], averaged over the surface around each vertex, so that borders between parts look smooth."""
    rng = np.random.default_rng(0)
    total = np.zeros_like(toy.vertices)
    for direction in rng.normal(size=(24, 3)):
        along = direction - (toy.normals @ direction)[:, None] * toy.normals
        along *= radius / np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-9)
        total += part_colors(toy.vertices + along * np.sqrt(rng.random()), toy.proportions, look) / 24
    return np.round(total ** (1 / 2.2) * 255).astype(np.uint8)


def photograph(toy: Toy, look: Look, camera: Camera, seed: int) -> np.ndarray:
    """A picture uint8 [H, W, 3] of the toy on a table, with soft light, shadows and a blurred background."""
    rng = np.random.default_rng(seed)
    scene = o3d.t.geometry.RaycastingScene()
    scene.add_triangles(o3d.core.Tensor(toy.vertices.astype(np.float32)), o3d.core.Tensor(toy.faces.astype(np.uint32)))
    for box in clutter(rng):
        scene.add_triangles(o3d.t.geometry.TriangleMesh.from_legacy(box))
    total = np.zeros((SIZE[1], SIZE[0], 3))
    depth = np.zeros((SIZE[1], SIZE[0]))
    for _ in range(PASSES):
        grid = camera.pixel_grid() + rng.uniform(-0.5, 0.5, (SIZE[1], SIZE[0], 2))
        origin, direction = (r.reshape(-1, 3) for r in camera.rays(grid))
        color, z = shade(scene, origin, direction, toy, look, rng)
        total += color.reshape(total.shape) / PASSES
        depth += z.reshape(depth.shape) / PASSES
    return develop(total, depth, camera, rng)


def clutter(rng: np.random.Generator) -> list[o3d.geometry.TriangleMesh]:
    """Blocks and balls behind the toy."""
    things = []
    for x, z, s in (
        (-2.6, -2.2, 0.7),
        (-1.1, -3.2, 0.9),
        (1.2, -2.9, 0.75),
        (2.7, -2.4, 0.6),
        (3.4, -1.2, 0.5),
        (-3.3, -0.9, 0.5),
    ):
        if rng.random() < 0.5:
            thing = o3d.geometry.TriangleMesh.create_sphere(s * 0.6, 40)
            thing.translate((x, s * 0.6, z))
        else:
            thing = o3d.geometry.TriangleMesh.create_box(s, s, s)
            thing.rotate(o3d.geometry.get_rotation_matrix_from_xyz((0, rng.uniform(0, 3), 0)), (0, 0, 0))
            thing.translate((x, 0, z))
        things.append(thing)
    return things


def shade(
    scene: Any, origin: np.ndarray, direction: np.ndarray, toy: Toy, look: Look, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Linear colour [N, 3] and distance [N] along rays with origins and unit directions [N, 3]."""
    answer = scene.cast_rays(o3d.core.Tensor(np.hstack([origin, direction]).astype(np.float32)))
    distance = answer["t_hit"].numpy().astype(float)
    which, triangle, uv = (answer[k].numpy() for k in ("geometry_ids", "primitive_ids", "primitive_uvs"))
    to_ground = np.where(direction[:, 1] < -1e-4, -origin[:, 1] / np.minimum(direction[:, 1], -1e-4), np.inf)
    ground = to_ground < distance
    distance = np.minimum(distance, to_ground)
    sky = ~np.isfinite(distance) | (distance > 30)
    point = origin + np.where(sky, 1.0, distance)[:, None] * direction
    normal = answer["primitive_normals"].numpy().astype(float)
    albedo = np.full((len(point), 3), 0.5)
    animal = (which == 0) & ~ground & ~sky
    corner = toy.faces[triangle[animal]]
    bary = np.stack([1 - uv[animal].sum(axis=1), uv[animal, 0], uv[animal, 1]], axis=1)
    normal[animal] = np.einsum("nk,nkd->nd", bary, toy.normals[corner])
    albedo[animal] = part_colors(point[animal], toy.proportions, look)
    others = ~animal & ~ground & ~sky
    albedo[others] = linear(BLOCKS)[which[others] - 1]
    normal[ground] = (0, 1, 0)
    albedo[ground] = wood(point[ground])
    normal = normal / np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9)
    normal = np.where(np.sum(normal * direction, axis=1, keepdims=True) > 0, -normal, normal)
    lit = ~sky
    start = point[lit] + 2e-3 * normal[lit]
    light = np.zeros((lit.sum(), 3))
    shine = np.zeros(lit.sum())
    for lamp, power in LAMPS:
        for _ in range(3):
            toward = np.array(lamp) + rng.normal(0, 0.45, (len(start), 3)) - start
            length = np.linalg.norm(toward, axis=1, keepdims=True)
            rays = np.hstack([start, toward]).astype(np.float32)
            free = ~scene.test_occlusions(o3d.core.Tensor(rays), tnear=0.0, tfar=1.0).numpy()
            unit = toward / length
            fall = 14 / length[:, 0] ** 2 * free * power / 3
            light += (np.clip(np.sum(unit * normal[lit], axis=1), 0, 1) * fall)[:, None] * [1.0, 0.95, 0.88]
            half = unit - direction[lit]
            half /= np.linalg.norm(half, axis=1, keepdims=True)
            shine += fall * np.clip(np.sum(half * normal[lit], axis=1), 0, 1) ** 60
    for _ in range(3):
        around = rng.normal(size=(len(start), 3))
        around /= np.linalg.norm(around, axis=1, keepdims=True)
        around = around + normal[lit]
        rays = np.hstack([start, around]).astype(np.float32)
        free = ~scene.test_occlusions(o3d.core.Tensor(rays), tnear=0.0, tfar=1.2).numpy()
        light += (free * (0.10 + 0.06 * around[:, 1]))[:, None] * [0.85, 0.95, 1.1]
    color = np.empty((len(point), 3))
    color[lit] = albedo[lit] * light + 0.16 * (shine * (animal | others)[lit])[:, None]
    up = np.clip(direction[sky, 1] * 1.5 + 0.35, 0, 1)[:, None]
    color[sky] = (1 - up) * [0.42, 0.36, 0.30] + up * [0.16, 0.19, 0.24]
    return color, np.where(sky, 30.0, distance)


def wood(point: np.ndarray) -> np.ndarray:
    """Planks along x with grain."""
    plank = np.floor(point[:, 2] / 0.55)
    shift = np.sin(plank * 91.7) * 3
    x, z = point[:, 0] + shift, point[:, 2]
    grain = np.sin(38 * z + 3.2 * np.sin(1.7 * x + 2 * np.sin(5.1 * z)) + 0.9 * np.sin(9 * x))
    fine = np.sin(210 * z + 4 * np.sin(6.0 * x))
    tone = 0.62 + 0.09 * grain + 0.03 * fine + 0.1 * np.sin(plank * 12.9)
    seam = np.abs(point[:, 2] / 0.55 - np.round(point[:, 2] / 0.55)) < 0.008
    return np.where(seam, 0.25, tone)[:, None] * np.array([0.40, 0.24, 0.13])


def blurred(picture: np.ndarray, away: np.ndarray, sigma: float) -> np.ndarray:
    """A blur in which what is in focus takes no part, so that the toy has no halo."""
    weight = away + 1e-4
    return cv2.GaussianBlur(picture * weight, (0, 0), sigma) / cv2.GaussianBlur(weight, (0, 0), sigma)[..., None]


def develop(picture: np.ndarray, depth: np.ndarray, camera: Camera, rng: np.random.Generator) -> np.ndarray:
    """Depth of field, tone curve, vignette, noise."""
    focus = float(np.linalg.norm(camera.center - [0.2, 0.6, 0]))
    away = np.clip((np.abs(depth - focus) - 0.9) / 3.0, 0, 1).astype(np.float32)[..., None]
    sharp = picture.astype(np.float32)
    soft, softer = blurred(sharp, away, 5), blurred(sharp, away, 12)
    near = np.clip(away * 2, 0, 1)
    far = np.clip(away * 2 - 1, 0, 1)
    mixed = (sharp * (1 - near) + soft * near) * (1 - far) + softer * far
    v, u = np.indices(mixed.shape[:2])
    radius = np.hypot((u - SIZE[0] / 2) / SIZE[0], (v - SIZE[1] / 2) / SIZE[1])
    mixed = 1.25 * mixed * (1 - 0.55 * radius**2)[..., None]
    curve = np.clip((mixed * (2.51 * mixed + 0.03)) / (mixed * (2.43 * mixed + 0.59) + 0.14), 0, 1) ** (1 / 2.2)
    noise = cv2.GaussianBlur(rng.normal(0, 1, curve.shape).astype(np.float32), (0, 0), 0.7) * 0.018
    return (np.clip(curve + noise, 0, 1) * 255 + 0.5).astype(np.uint8)


def table_camera(azimuth: float, elevation: float, distance: float, offset: tuple[float, float]) -> Camera:
    """A camera on a stand.

    ``offset`` moves the toy off the middle of the picture (fractions of its width and height).
    """
    a, e = np.radians(azimuth), np.radians(elevation)
    direction = np.array([np.cos(e) * np.sin(a), np.sin(e), np.cos(e) * np.cos(a)])
    R = look_at(direction, np.array([0.0, 1.0, 0.0]))
    t = -R @ (np.array([0.15, 0.55, 0.0]) + distance * direction)
    K = np.array([[1500.0, 0, SIZE[0] * (0.5 + offset[0])], [0, 1500.0, SIZE[1] * (0.5 + offset[1])], [0, 0, 1]])
    return Camera(K, R, t, *SIZE)


def store_lens(file: Path, camera: Camera) -> None:
    """Say in a JPEG file what a camera would: its focal length, converted to 35 mm film by the diagonals."""
    exif = Image.Exif()
    film = camera.K[0, 0] / np.hypot(*SIZE) * np.hypot(36, 24)
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.FocalLengthIn35mmFilm] = round(film)
    told, jpeg = exif.tobytes(), file.read_bytes()
    begin, length = jpeg[:2], (len(told) + 2).to_bytes(2, "big")
    file.write_bytes(begin + b"\xff\xe1" + length + told + jpeg[2:])


def write(name: str, toy: Toy, shown: Look, photo: Look, camera: Camera, seed: int) -> dict:
    """The GLB and the picture of one toy; returns its focus box and pose."""
    colors = vertex_colors(toy, shown)
    trimesh.Trimesh(toy.vertices, toy.faces, vertex_colors=colors, process=False).export(OUT / f"{name}.glb")
    store_light(OUT / f"{name}.glb")
    picture = photograph(toy, photo, camera, seed)
    cv2.imwrite(str(OUT / f"{name}.jpg"), picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 90])
    store_lens(OUT / f"{name}.jpg", camera)
    pixels, _ = camera.project(toy.vertices)
    low, high = pixels.min(axis=0) - 6, pixels.max(axis=0) + 6
    pose = {"K": camera.K.tolist(), "R": camera.R.tolist(), "t": camera.t.tolist()}
    return {"box": [round(float(v), 1) for v in (*low, *high)], "pose": pose}


def main() -> None:
    """Write the two toys, their photos and what is known of them into the folder of the sample."""
    OUT.mkdir(parents=True, exist_ok=True)
    first, second = Proportions(), Proportions((0.56, 0.36, 0.33), 0.36, 0.25, 0.31, -0.2)
    one, two = elephant(first), elephant(second)
    cameras = table_camera(42, 20, 4.6, (0.07, 0.05)), table_camera(-38, 27, 4.9, (-0.08, 0.03))
    a = write("toy", one, GREY, WOOD, cameras[0], 1)
    b = write("toy2", two, GREY, TEAL, cameras[1], 2)
    head = np.array([first.body[0] + 0.14, first.leg + 0.62 * first.body[1] + 0.2, 0.0])
    at, _ = cameras[0].project(head + [first.head + 0.17, -0.42, 0.07])
    sample = {
        "image": "toy.jpg",
        "shape": "toy.glb",
        "box": a["box"],
        "at": [round(float(v), 1) for v in at],
        "pose": a["pose"],
        "image2": "toy2.jpg",
        "shape2": "toy2.glb",
        "box2": b["box"],
        "pose2": b["pose"],
    }
    (OUT / "sample.json").write_text(json.dumps(sample, indent=1) + "\n")


if __name__ == "__main__":
    main()
