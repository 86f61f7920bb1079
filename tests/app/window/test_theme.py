"""Colours of heatmaps and themes."""

import numpy as np
import pytest
from PySide6.QtGui import QPalette

from app.window.theme import apply_theme
from core.colors import HEATMAPS, STEPPED, apply_colormap, lookup_table


def test_steps_are_eight_colours_from_end_to_end():
    table = lookup_table(HEATMAPS[0] + STEPPED)
    assert len(np.unique(table, axis=0)) == 8
    np.testing.assert_array_equal(table[[0, -1]], lookup_table(HEATMAPS[0])[[0, -1]])
    np.testing.assert_array_equal(*apply_colormap(np.array([0.51, 0.6]), HEATMAPS[0] + STEPPED))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_texts_stand_out(qapp, theme):
    """Contrast of at least 4.5 to 1 (WCAG 2.2, AA) for everything that is read."""

    def luminance(color):
        parts = np.array(color.getRgbF()[:3])
        return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4) @ [0.2126, 0.7152, 0.0722]

    apply_theme(qapp, theme)
    role, palette = QPalette.ColorRole, qapp.palette()
    pairs = {
        role.WindowText: (role.Window,),
        role.Text: (role.Base, role.AlternateBase),
        role.ButtonText: (role.Button,),
        role.PlaceholderText: (role.Window, role.Base),
        role.HighlightedText: (role.Highlight,),
        role.ToolTipText: (role.ToolTipBase,),
        role.Link: (role.Window, role.Base),
    }
    for text, grounds in pairs.items():
        for ground in grounds:
            low, high = sorted(luminance(palette.color(one)) for one in (text, ground))
            assert (high + 0.05) / (low + 0.05) >= 4.5, (text, ground)
    apply_theme(qapp, "system")
