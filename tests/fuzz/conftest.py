"""How many cases are tried of each function."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, settings


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--fuzz", type=int, help="cases of each function, other ones each time")


@pytest.fixture
def how(request: pytest.FixtureRequest) -> settings:
    """The same few cases each time, unless --fuzz is given."""
    many = request.config.getoption("fuzz", None)
    few: dict[str, Any] = {} if many else {"derandomize": True, "database": None}
    every = list(HealthCheck)
    return settings(max_examples=many or 30, deadline=None, suppress_health_check=every, **few)
