"""The undo stack forgets its oldest steps when they take too much memory."""

from app.document.undo import History, Step


class Add(Step):
    def __init__(self, log, value, size):
        super().__init__(f"Add {value}")
        self.log, self.value, self.size = log, value, size

    def apply(self):
        self.log.append(self.value)

    def revert(self):
        self.log.remove(self.value)


def test_bounded_by_bytes_not_by_count(qapp):
    log: list[int] = []
    stack = History(limit=1000)
    for value in range(500):
        stack.push(Add(log, value, 1))
    assert stack.count() == 500
    stack.push(Add(log, 500, 800))
    assert stack.bytes() <= 1000 and stack.count() == 201 and log == list(range(501))
    while stack.canUndo():
        stack.undo()
    assert log == list(range(300))  # what was forgotten stays done
    while stack.canRedo():
        stack.redo()
    assert log == list(range(501)) and stack.undoText() == "Add 500"


def test_the_last_step_can_always_be_undone(qapp):
    log: list[int] = []
    stack = History(limit=100)
    stack.push(Add(log, 1, 10))
    stack.setClean()
    stack.push(Add(log, 2, 5000))
    assert stack.count() == 1 and log == [1, 2] and not stack.isClean()
    stack.undo()
    assert log == [1] and not stack.isClean()  # the way to what was saved is forgotten
    stack.push(Add(log, 3, 10))
    assert stack.bytes() == 10 and not stack.canRedo()
