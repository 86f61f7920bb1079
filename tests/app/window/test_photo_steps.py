"""D and A: the task that is current goes first, then what has photos at all."""

from app.window.photo_steps import PhotoSteps


class Shell:
    def say(self, sentence):
        self.said = sentence


def test_the_current_task_goes_first_if_it_has_photos():
    shell, gone, filled = Shell(), [], set()
    steps = PhotoSteps(shell)
    for name in ("collection", "scene"):
        steps.offer(name, lambda by, n=name: gone.append((n, by)), lambda n=name: n in filled)
    forward, back = (entry.run for entry in steps.entries())
    forward()
    assert not gone and "no photos" in shell.said
    filled |= {"collection"}
    steps.current = "scene"
    back()
    filled |= {"scene"}
    steps.current = "align"
    forward()
    steps.current = "collection"
    forward()
    assert gone == [("collection", -1), ("scene", 1), ("collection", 1)]
