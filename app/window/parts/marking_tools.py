"""The tools that mark parts: their names, texts and keys."""

from app.document.texts import tr

TOOLS = (
    ("point", tr("Points"), tr("Click what belongs to the part, right-click what does not (P)")),
    ("box", tr("Box"), tr("Drag a box around the part in a photo (X)")),
    ("lasso", tr("Outline"), tr("Draw an outline around the part in a photo (L); the right button takes away")),
    ("brush", tr("Brush"), tr("Paint in a photo or on a shape (R); the right button takes away")),
    ("eraser", tr("Eraser"), tr("Erase in a photo or on a shape (Shift+R)")),
    ("component", tr("Connected piece"), tr("Click a piece of a shape that is not connected with the rest (C)")),
    ("flood", tr("Up to creases"), tr("Click a shape to mark it up to the next creases (G)")),
)

KEYS = {
    "point": "P",
    "box": "X",
    "lasso": "L",
    "brush": "R",
    "eraser": "Shift+R",
    "component": "C",
    "flood": "G",
}

HINTS = {
    "point": tr("Click what belongs to the part, right-click what does not · Return keeps it, Esc leaves the tool"),
    "box": tr("Drag a box around the part in a photo · Return keeps it, Esc leaves the tool"),
    "lasso": tr("Draw an outline around the part in a photo · Return keeps it, Esc leaves the tool"),
    "brush": tr(
        "Paint the part, the right button takes away · drag beside the shape to turn it · Return keeps the part"
    ),
    "eraser": tr("Erase what does not belong to the part · Return keeps it, Esc leaves the tool"),
    "component": tr("Click a connected piece of the shape · Return keeps it, Esc leaves the tool"),
    "flood": tr("Click the shape to mark it up to the next creases · Return keeps the part, Esc leaves the tool"),
}
"""What the status bar says while a tool is taken up."""
