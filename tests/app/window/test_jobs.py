"""Every job has a name for people, and a place where its failure is said."""

from app.engine.jobs import JOBS
from app.shared.values import AlignTask, EncoderSettings, item_for
from app.window.jobs import TASKS, TITLES, place_of, title_of

QUESTIONS = {
    "small_picture",
    "search_poses",
    "draw_pose",
    "draw_scene",
    "pose_pictures",
    "turn_shape",
    "follow",
    "average_picture",
    "list_encoders",
    "measure_caches",
    "scene_thumbnails",
}
"""Short ones that are hardly ever in the list, and those that nobody asked for."""


def test_every_job_has_a_title():
    assert set(TITLES) == set(JOBS) - QUESTIONS and set(TASKS) < set(TITLES)


def test_a_job_is_about_the_panel_of_what_it_works_on():
    photo, shape = item_for("/photos/a.jpg"), item_for("/shapes/b.glb")
    opened = {"image 1": photo, "image 2": photo, "shape 1": shape}
    assert place_of("prepare", {"item": shape}, opened) == "shape 1"
    assert place_of("align_shape", {"task": AlignTask(photo, shape, EncoderSettings())}, opened) == "image 1"
    assert place_of("join", {"collection": None}, opened) == "collection"
    assert place_of("read_rig", {"path": "/rig.json"}, opened) == ""
    assert title_of("prepare", {"item": shape}) == "Prepare b.glb for matching"
