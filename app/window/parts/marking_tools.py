"""The tools that mark parts: their names, texts and keys."""

from app.document.texts import tr

TOOLS = (
    ("point", tr("Points"), tr("Click what belongs to the part, right-click what does not (P)")),
    ("box", tr("Box"), tr("Drag a box around the part in an image (X)")),
    ("lasso", tr("Outline"), tr("Draw around the part in an image (L); with the right button away from it")),
    ("brush", tr("Brush"), tr("Paint in an image or on a shape (R); with the right button away")),
    ("eraser", tr("Eraser"), tr("Rub out in an image or on a shape (Shift+R)")),
    ("component", tr("Connected piece"), tr("Click a piece of a shape that is not connected with the rest (C)")),
    ("flood", tr("Up to creases"), tr("Click a shape: fills up to its creases (G)")),
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
    "box": tr("Drag a box around the part in an image · Return keeps it, Esc leaves the tool"),
    "lasso": tr("Draw around the part in an image · Return keeps it, Esc leaves the tool"),
    "brush": tr(
        "Paint the part, with the right button away · drag beside the shape to turn it · Return keeps the part"
    ),
    "eraser": tr("Rub out what does not belong to the part · Return keeps it, Esc leaves the tool"),
    "component": tr("Click a connected piece of a shape · Return keeps it, Esc leaves the tool"),
    "flood": tr("Click a shape: fills up to its creases · Return keeps the part, Esc leaves the tool"),
}
"""What the status bar says while a tool is taken up."""
