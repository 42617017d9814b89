"""Dependencies between rooms point one way."""

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[1] / "src" / "enogu"

# Each room may import the rooms of its own line and of those above it, never below.
LAYERS = [
    {"errors"},
    {"files", "fonts"},
    {"config", "diffusion"},
    {"machine", "frozen"},
    {"tags"},
    {"pictures"},
    {"families", "project"},
    {"adapters"},
    {"draw"},
    {"train", "world"},
    {"studio"},
    {"cli"},
    {"__main__"},
]
RANK = {room: rank for rank, layer in enumerate(LAYERS) for room in layer}

TORCH_FREE = ("config", "errors", "files", "fonts", "tags", "pictures", "project")


def room_of(path):
    relative = path.relative_to(SOURCE)
    return relative.parts[0] if len(relative.parts) > 1 else relative.stem


def imported_modules(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module


def arrows():
    for path in sorted(SOURCE.rglob("*.py")):
        if path == SOURCE / "__init__.py":
            continue
        for module in imported_modules(path):
            parts = module.split(".")
            if parts[0] == "enogu" and len(parts) > 1:
                yield path, room_of(path), parts[1]


def test_every_room_has_a_rank():
    rooms = {room_of(path) for path in SOURCE.rglob("*.py")} - {"__init__"}
    assert rooms == set(RANK)


def test_no_import_points_the_other_way():
    wrong = [
        f"{path.relative_to(SOURCE)} imports enogu.{target}"
        for path, source, target in arrows()
        if target != source and RANK[target] >= RANK[source]
    ]
    assert wrong == []


def test_the_check_would_find_a_wrong_arrow():
    assert RANK["cli"] > RANK["train"] > RANK["families"] > RANK["config"]
    assert any(source == "cli" and target == "train" for _, source, target in arrows())


@pytest.mark.parametrize("room", TORCH_FREE)
def test_light_rooms_do_not_import_torch(room):
    files = [path for path in SOURCE.rglob("*.py") if room_of(path) == room]
    assert files
    for path in files:
        heavy = {"torch", "diffusers", "transformers"} & {
            module.split(".")[0] for module in imported_modules(path)
        }
        assert not heavy, f"{path} imports {heavy}"


def test_light_rooms_import_light_rooms_only():
    wrong = {
        f"{source} imports {target}"
        for _, source, target in arrows()
        if source in TORCH_FREE and target not in TORCH_FREE
    }
    assert wrong == set()


def test_nothing_imports_torchvision():
    for path in SOURCE.rglob("*.py"):
        assert "torchvision" not in path.read_text(encoding="utf-8"), path
