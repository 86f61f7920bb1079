"""One tool at a time, and clicks go to it."""

import pytest

from app.window.tools import Tool, Tools


@pytest.fixture
def tools(qapp):
    clicks = []

    def takes(name, answer=True):
        return lambda slot, at: clicks.append((name, slot, at)) or answer

    tools = Tools({})
    tools.offer([Tool("", "none", takes("pin")), Tool("brush", "paint"), Tool("pairs", "pair", takes("pair", False))])
    tools.offer([Tool("fill", "fill", takes("fill"))])
    return tools, clicks


def test_one_tool_puts_down_the_other(tools):
    tools, _ = tools
    told = []
    tools.changed.connect(told.append)
    tools.take("brush")
    tools.take("brush")
    tools.take("fill")
    tools.toggle("fill")
    assert told == ["brush", "fill", ""] and tools.hint() == "none"


def test_clicks_go_to_the_tool_or_place_a_pin(tools):
    tools, clicks = tools
    for name in ("", "brush", "fill", "pairs"):
        tools.take(name)
        tools.click("image 1", (1.0, 2.0))
    assert [name for name, _, _ in clicks] == ["pin", "pin", "fill", "pair", "pin"]
