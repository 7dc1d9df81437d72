"""The guard on what is loaded fails on a bad example."""

from __future__ import annotations

import imports as guards


def test_a_loaded_library_is_found() -> None:
    assert guards.loaded_by(["json.tool"], ["json", "ast_none"]) == [
        "json is loaded outside mmtutor.deep"
    ]
    (problem,) = guards.loaded_by(["no_such_module"], ["json"])
    assert "No module named 'no_such_module'" in problem
