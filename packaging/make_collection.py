"""Makes resources/sample/collection.

Pictures of the sample's first toy on tables, from all around, with its true poses.

Run with the project's environment, after packaging/make_sample.py: python packaging/make_collection.py. Takes a few
minutes.
"""

import json

import cv2
from make_sample import OUT, SIZE, TEAL, WOOD, Proportions, elephant, photograph, store_lens, table_camera

WIDTH = 480
VIEWS = ((20, 18), (65, 25), (110, 15), (155, 30), (-20, 35), (-65, 14), (-110, 24), (-155, 20))
"""Azimuth and elevation of each, degrees."""


def main() -> None:
    """Write eight photos of the toy and their cameras into the folder of the sample."""
    folder = OUT / "collection"
    folder.mkdir(exist_ok=True)
    toy, facts = elephant(Proportions()), {}
    for number, (azimuth, elevation) in enumerate(VIEWS):
        offset = (0.08 * (-1) ** number, 0.04 * (-1) ** (number // 2))
        camera = table_camera(azimuth, elevation, 4.2 + 0.15 * (number % 4), offset)
        picture = photograph(toy, WOOD if number % 2 else TEAL, camera, 20 + number)
        factor = WIDTH / SIZE[0]
        small = cv2.resize(picture, (WIDTH, round(SIZE[1] * factor)), interpolation=cv2.INTER_AREA)
        name = f"toy-{number + 1}.jpg"
        cv2.imwrite(str(folder / name), small[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 88])
        store_lens(folder / name, camera)
        K = camera.K.copy()
        K[:2] *= factor
        K[:2, 2] += (factor - 1) / 2
        pixels, _ = camera.project(toy.vertices)
        low, high = ((pixels.min(0) - 3) + 0.5) * factor - 0.5, ((pixels.max(0) + 3) + 0.5) * factor - 0.5
        box = [round(float(v), 1) for v in (*low, *high)]
        facts[name] = {"box": box, "K": K.tolist(), "R": camera.R.tolist(), "t": camera.t.tolist()}
    (folder / "truth.json").write_text(json.dumps(facts, indent=1) + "\n")


if __name__ == "__main__":
    main()
