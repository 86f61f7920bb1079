"""What a benchmark is told."""

from dataclasses import dataclass, field

from core.encoders.catalogue import EncoderChoice


@dataclass(frozen=True)
class EvaluateSettings:
    """One set for all of :data:`core.benchmarks.tasks.TASKS`; each reads what concerns it.

    Attributes:
        encoder: what is measured; its device is that of CLIP too.
        data: "KIND" or "KIND:PATH".
        count: objects, photos' objects or shapes at most.
        pixels: asked for in each picture (correspondence).
        photos: of each collection at most (congealing).
        minutes: of each run, and ``seeds`` the runs of each object (adaptation).
        beside: encoders to compare with, NAME or NAME+ADAPTER, and ``report`` the folder of results and pictures
            (encoders).
        clip: "ARCHITECTURE:WEIGHTS", and ``dlign`` the file of its tuned branch (zeroshot, detection).
        cutter: weights of a cutter to measure beside GrabCut (cutting, parts).
        results: a file of poses that a method found (bop-results).
    """

    encoder: EncoderChoice = field(default_factory=EncoderChoice)
    data: str = "procedural"
    count: int = 60
    pixels: int = 40
    photos: int = 24
    minutes: float = 3.0
    seeds: int = 1
    beside: tuple[str, ...] = ()
    report: str | None = None
    clip: str | None = None
    dlign: str | None = None
    cutter: str | None = None
    results: str | None = None
