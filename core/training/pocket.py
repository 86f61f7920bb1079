"""The recipe of the pocket image encoder: dense correspondence learnt from pairs of pictures of procedural objects.

    counterpoint train pocket --data procedural -o RUN

Dense soft-target InfoNCE over pixels of two pictures, with foreground, normal, depth and a vector of the whole picture
beside it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from core.progress import Progress, silent
from core.training.loop import Terms
from core.training.losses import global_loss
from core.training.pair_learner import ImageRecipe, PairLearner, aux_losses, load_start, train_pairs
from core.training.pair_settings import Batch
from core.training.scene import Object3D


@dataclass(frozen=True)
class PocketRecipe(ImageRecipe):
    """All numbers of a run.

    Attributes:
        sigma: width of the soft targets at the start and at the end, in object diagonals.
        foreground: weight of the foreground's loss.
        normal: weight of the loss of normals.
        depth: weight of the depth's loss.
        whole: weight of the loss of whole pictures.
    """

    sigma: tuple[float, float] = (0.06, 0.025)
    foreground: float = 0.5
    normal: float = 0.2
    depth: float = 0.2
    whole: float = 0.15


class PocketLearner(PairLearner[PocketRecipe]):
    """The image net alone."""

    def __init__(self, recipe: PocketRecipe, items: Sequence[Object3D] | None = None):
        super().__init__(recipe, items)
        if recipe.start:
            load_start(self.teacher.net, recipe.start)

    def losses(self, batch: Batch, step: int) -> Terms:
        """See :meth:`core.training.loop.Learner.losses`."""
        recipe = self.recipe
        sigma = recipe.sigma[0] * (recipe.sigma[1] / recipe.sigma[0]) ** (step / recipe.steps)
        found = self.teacher.encode(batch)
        scale = self.teacher.vector_scale.exp().clamp(max=100)
        aux = aux_losses(found.aux, batch)
        return {
            "dense": (1.0, self.teacher.dense(found, batch, sigma)),
            "whole": (recipe.whole, global_loss(found.vector_a, found.vector_b, batch["category"], scale)),
            "foreground": (recipe.foreground, aux["foreground"]),
            "normal": (recipe.normal, aux["normal"]),
            "depth": (recipe.depth, aux["depth"]),
        }


def train(
    out: Path,
    recipe: PocketRecipe = PocketRecipe(),
    items: Sequence[Object3D] | None = None,
    device: str = "auto",
    resume: bool = False,
    progress: Progress = silent,
) -> Path:
    """Run the recipe into a folder (see :func:`core.training.loop.run_in_folder`).

    ``items`` are shapes to learn from instead of procedural ones. Returns the file of weights that ``--weights`` takes.
    """
    learner = PocketLearner(recipe, items)
    return train_pairs(out, "Pocket image encoder", "pocket", learner, device, resume, progress)
