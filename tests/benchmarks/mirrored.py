"""How often a photo is taken for mirrored that is not, and one that is mirrored is noticed.

``python -m tests.benchmarks.mirrored DATA``.

DATA is in the BOP layout. Each object is looked at in its photo and in the photo's mirror image; what the mirror image
of the one says is what the other one says of itself, so that one pass gives both rates. On 183 objects of LM-O no
margin tells the two apart (at 1.25 times the agreement 6.6 % of right photos were called mirrored, and 12.6 % of
mirrored ones noticed), which is why nothing is said of it.
"""

import argparse
from pathlib import Path

import numpy as np

from core.alignment.templates import compare, template_set
from core.benchmarks.bop import BopScene
from core.encoders.catalogue import load_encoder

VISIBLE = 0.3
"""Objects of which less is seen are left out."""


def agreements(root: str | Path) -> list[tuple[str, int, float, float]]:
    """(photo, object, agreement of the photo, agreement of its mirror image) of each object."""
    scene, encoder = BopScene.open(root), load_encoder()
    sets = {number: template_set(caster, encoder) for number, caster in scene.casters.items()}
    found = []
    for photo in scene.photos():
        for one in scene.objects(photo, VISIBLE):
            templates = sets[one.object_id]
            plain, flipped = (
                float(compare(templates.settings.crops(picture, mask), templates, encoder).max())
                for picture, mask in (
                    (one.image, one.visible),
                    (np.ascontiguousarray(one.image[:, ::-1]), np.ascontiguousarray(one.visible[:, ::-1])),
                )
            )
            found.append((photo, one.object_id, plain, flipped))
    return found


def main() -> None:
    """Print the agreement of every object in its photo and in the mirror image, and the two rates by margin."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data")
    found = agreements(parser.parse_args().data)
    ratio = np.array([flipped / max(plain, 1e-9) for _, _, plain, flipped in found])
    for photo, number, plain, flipped in found:
        print(photo, number, f"{plain:.4f} {flipped:.4f} {flipped / plain:.3f}")
    for margin in (1.0, 1.1, 1.25, 1.5, 2.0):
        print(
            f"{margin:.2f}: false {np.mean(ratio > margin):.1%}, noticed {np.mean(1 / ratio > margin):.1%} of {len(ratio)}"
        )


if __name__ == "__main__":
    main()
