"""Names of marks that lie close are apart from each other."""

import numpy as np

from app.window.views.labels import place_labels


def boxes(marks, sizes, spots):
    corners = marks[: len(sizes)] + [spot[:2] for spot in spots]
    return [(*corner, *(corner + size)) for corner, size in zip(corners, sizes, strict=True)]


def test_names_of_close_marks_cover_neither_each_other_nor_a_mark():
    marks = np.array([(100.0, 100), (108, 103), (104, 112), (97, 109), (112, 95), (103, 92), (300, 300)])
    sizes = np.full((7, 2), (42.0, 14.0))
    spots = place_labels(marks, sizes, np.full(7, 6.0))
    found = boxes(marks, sizes, spots)
    assert spots[-1] == (10.0, -7.0, False)  # what stands alone has its name beside it
    for number, one in enumerate(found):
        around = [(*(mark - 6), *(mark + 6)) for place, mark in enumerate(marks) if place != number]
        for other in found[:number] + around:
            apart = one[0] >= other[2] or other[0] >= one[2] or one[1] >= other[3] or other[1] >= one[3]
            assert apart, (number, one, other)


def test_nothing_is_placed_where_nothing_is_marked():
    assert place_labels(np.zeros((0, 2)), np.zeros((0, 2)), np.zeros(0)) == []
