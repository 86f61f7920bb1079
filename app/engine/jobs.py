"""The jobs that the window can ask the engine for.

They are listed by name, which is that of the function, with the module that has it.

A lane imports the module when the job is first asked for, and the rest is imported while there is nothing to do.
"""

_MODULES = {
    "app.engine.files": ("open_image", "open_shape", "small_picture"),
    "app.engine.matching": ("prepare", "query"),
    "app.engine.parts": (
        "look_for_parts",
        "fetch_segmenter",
        "mark_part",
        "carry_part",
        "split_part",
        "save_labels",
        "read_labels",
    ),
    "app.engine.align": (
        "align_shape",
        "search_poses",
        "draw_pose",
        "place_pose",
        "score_pose",
        "solve_pairs",
        "estimate_camera",
        "read_camera",
        "read_depth",
        "read_rig",
        "carry_poses",
        "save_pose",
    ),
    "app.engine.depth": ("depth_picture", "depth_cloud"),
    "app.engine.focal": ("solve_focal", "focal_from_edges"),
    "app.engine.pose_pictures": ("pose_pictures",),
    "app.engine.gallery": ("search_gallery", "turn_shape", "make_gallery", "name_shape"),
    "app.engine.collection": (
        "choose_canonical",
        "pose_one",
        "join",
        "follow",
        "average_picture",
        "carry",
        "export_collection",
    ),
    "app.engine.scene_pictures": ("draw_scene",),
    "app.engine.scene_inspection": ("inspect_scene", "inspect_again"),
    "app.engine.scene_files": ("open_scene", "scene_thumbnails", "read_scene_shape"),
    "app.engine.scene": ("propagate_poses", "refine_poses", "write_scene", "check_scene"),
    "app.engine.encoder": ("list_encoders", "adapt_encoder", "measure_encoders", "measure_caches", "clear_caches"),
}

JOBS = {job: module for module, jobs in _MODULES.items() for job in jobs}
