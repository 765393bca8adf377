"""What docs/openapi.yaml lists."""

import re
from pathlib import Path

import yaml

METHODS = {"get", "put", "post", "delete", "patch"}


def operations(root: Path) -> list[tuple[str, str, re.Pattern]]:
    """Each operation's name, its method, and what its path looks like."""
    paths = yaml.safe_load((root / "docs" / "openapi.yaml").read_text())["paths"]
    return [(f"{method.upper()} {path}", method.upper(), _pattern(path))
            for path, item in paths.items() for method in item if method in METHODS]


def _pattern(path: str) -> re.Pattern:
    parts = re.split(r"\{[a-z_]+\}", path)
    return re.compile("[^/]+".join(map(re.escape, parts)))
