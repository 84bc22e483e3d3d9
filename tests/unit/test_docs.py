"""What the pages show runs, names things that exist, and is current."""

from __future__ import annotations

import contextlib
import io
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from loopback_site import loopback_site
from pages import INLINE, ROOT, Page, pages

from dcov.reference.pages import PART, rendered, stale

PAGES = pages()
each_page = pytest.mark.parametrize("page", PAGES, ids=str)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("site")
    (folder / "tasks").mkdir()
    shutil.copy(ROOT / "examples" / "own_task.py", folder / "tasks")
    with loopback_site(folder) as config:
        yield config


@pytest.fixture
def at_the_site(site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DCOV_CONFIG", str(site))
    monkeypatch.setenv("EXAMPLE_FOLDER", str(tmp_path))
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    "page",
    [page for page in PAGES if any(block.info == "python run" for block in page.blocks)],
    ids=str,
)
@pytest.mark.usefixtures("at_the_site")
def test_code_runs_and_prints_what_stands_below_it(page: Page) -> None:
    """Blocks of one page share their names, as they would for a reader who pastes them."""
    names: dict[str, Any] = {"__name__": "page"}
    printed = ""
    for block in page.blocks:
        if block.info == "python run":
            padded = "\n" * (block.line - 1) + block.text
            with contextlib.redirect_stdout(io.StringIO()) as out:
                exec(compile(padded, str(page.path), "exec", dont_inherit=True), names)
            printed = out.getvalue()
        elif block.info == "text output":
            assert printed == block.text, f"{page}:{block.line}"


@each_page
def test_code_that_is_not_run_compiles(page: Page) -> None:
    for block in page.blocks:
        if block.info.split()[:1] == ["python"] and not _is_signature(page, block.line):
            compile(block.text, f"{page}:{block.line}", "exec")


def _is_signature(page: Page, line: int) -> bool:
    """Whether this line stands in the generated list of signatures."""
    return any(
        found["name"] == "api"
        and page.text.count("\n", 0, found.start()) < line < page.text.count("\n", 0, found.end())
        for found in PART.finditer(page.text)
    )


@each_page
@pytest.mark.usefixtures("at_the_site")
def test_every_command_and_option_exists(page: Page) -> None:
    for words in page.commands:
        _check(words)


@pytest.mark.usefixtures("at_the_site")
def test_every_command_that_the_code_names_exists() -> None:
    """In hints, in what is said to people, in docstrings; what is filled in stands for any."""
    files = [*sorted((ROOT / "dcov").rglob("*.py")), *sorted((ROOT / "tasks").glob("*.py"))]
    named = [found[1] for file in files for found in INLINE.finditer(file.read_text())]
    assert "dcov quickstart" in named
    for line in named:
        _check(re.sub(r"\{[^}]*\}", "ANY", line).split())


def _check(words: list[str]) -> None:
    """Go down from `dcov` to the command, and look each option up on the way."""
    from typer.main import get_command

    from dcov.cli.app import app

    command: Any = get_command(app)
    ctx = command.make_context("dcov", [], resilient_parsing=True)
    rest = words[1:]
    while rest and rest[0] != "--":
        word = rest.pop(0)
        if word.startswith("-"):
            _option(command, word, words=words)
            if word in {"-c", "--config"}:
                rest.pop(0)
        elif word.isupper() or not hasattr(command, "resolve_command"):
            break  # capitals stand for any
        else:
            ctx.args = [word]
            name, found, _ = command.resolve_command(ctx, [word, *rest])
            assert found is not None, f"{' '.join(words)}: no command {word}"
            command = found
            ctx = typer.Context(command, parent=ctx, info_name=name)
    for word in rest[: rest.index("--")] if "--" in rest else rest:
        if word.startswith("-") and word != "-":
            _option(command, word, words=words)


def _option(command: Any, word: str, *, words: list[str]) -> None:
    known = {name for item in command.params for name in (*item.opts, *item.secondary_opts)}
    known |= {"--help", "-h"}
    assert word.partition("=")[0] in known, f"{' '.join(words)}: no option {word}"


@each_page
def test_links_lead_somewhere(page: Page) -> None:
    for link in page.links:
        if "://" not in link:
            assert (page.path.parent / link).exists(), f"{page}: {link}"


def test_generated_parts_are_current() -> None:
    """`make docs` writes them anew."""
    assert [str(page.relative_to(ROOT)) for page in stale(ROOT)] == []


def test_making_a_part_anew_touches_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "task.py").write_text("x = 1\n")
    page = "before\n\n<!-- begin include task.py -->\nold\n<!-- end -->\n\nafter\n"
    made = rendered(page, root=tmp_path)
    part = "<!-- begin include task.py -->\n\n```python\nx = 1\n```\n\n<!-- end -->"
    assert made == f"before\n\n{part}\n\nafter\n"
    assert rendered(made, root=tmp_path) == made


@each_page
def test_a_page_says_what_can_fail(page: Page) -> None:
    """Pages for users end with it; the index, the errors and what machines measure need not."""
    name = page.path.name
    if name in {"README.md", "index.md", "errors.md", "benchmarks.md", "cli.md"}:
        return
    if page.path.parent.name != "decisions":
        assert "\n## When it fails\n" in page.text


@each_page
def test_nobody_is_told_to_install_what_is_somebody_elses(page: Page) -> None:
    """`dcov` on the index is another project."""
    assert not re.search(r"pip install (?:-\S+ )*dcov\b(?!-fleet)", page.text)
    assert not re.search(r"pip install (?:-\S+ )*dcov-fleet\b", page.text), "not published yet"


def test_every_page_can_be_found_from_the_index() -> None:
    index = Page(ROOT / "docs" / "index.md")
    linked = {(index.path.parent / link).resolve() for link in index.links}
    found = {path.resolve() for path in (ROOT / "docs").glob("*.md")}
    assert found - linked - {index.path} == set()
