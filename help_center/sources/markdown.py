"""Articles from a folder of Markdown and HTML files.

A Markdown file says what it is in YAML front matter; where it does not, its path does: the path is the id,
the folders are the section, a suffix (`name.es.md`) is the language. Knows nothing about what an article
must have: `base.py` judges that. AsciiDoc, reStructuredText and plain text files are left alone.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import frontmatter
import yaml

from help_center.markup import headings
from help_center.sources.base import (
    MAX_BYTES,
    MAX_ID,
    Failure,
    SeenIds,
    SourceArticle,
    SourceError,
    article_from_record,
    normal_locale,
)
from help_center.sources.html import decoded, page_record

MARKDOWN = {".md", ".markdown"}
HTML = {".html", ".htm"}
MAX_FILE = MAX_BYTES + 100_000  # bytes: an article and its front matter
MAX_FRONT_MATTER = 100_000  # characters
INDEX_NAMES = {"index", "_index", "readme"}  # files that stand for their folder

# ISO 639-1
LANGUAGES = frozenset(
    """aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee
    el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it
    iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my
    na nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn
    so sq sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh
    zu""".split()  # noqa: SIM905
)
_LANGUAGE = r"[A-Za-z]{2}(?:[-_][A-Za-z]{4})?(?:[-_][A-Za-z]{2})?"
_DOTTED = re.compile(rf"(.+)\._?({_LANGUAGE})")  # name.es, name._es, name.pt-BR
_UNDERSCORED = re.compile(r"(.+)_([A-Za-z]{2})")  # name_es
_ORDER = re.compile(r"^\d{1,4}[._-]+(?=\D)")  # 01.basics
_FIRST_HEADING = re.compile(r"\A\s*#[ \t]+[^\n]*\n?")


class Folder:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = str(path.resolve())

    def read(self) -> Iterator[SourceArticle | Failure]:
        files, failures = _files(self.path)
        yield from failures
        names = frozenset(files)
        folders = frozenset(name.rpartition("/")[0] for name in files)
        language_folders = _language_folders(folders)
        shared = Counter(_without_language(name, names, language_folders) for name in files)
        seen = SeenIds()
        articles = 0
        first_failure = failures[0] if failures else None
        for name in files:
            common = _without_language(name, names, language_folders)
            translated = common if shared[common] > 1 and len(common) <= MAX_ID else None
            found = _read_file(self.path, name, names, language_folders, translated)
            if found is None:
                continue
            found = seen.judge(found, name)
            if isinstance(found, Failure):
                first_failure = first_failure or found
            else:
                articles += 1
            yield found
        if articles:
            return
        if first_failure:
            raise SourceError(
                f"{self.path} has no article that can be read; {first_failure.where}: {first_failure.reason}"
            )
        raise SourceError(
            f"{self.path} has no articles: put .md or .html files in it, or give another folder"
        )


def _files(root: Path) -> tuple[list[str], list[Failure]]:
    """The paths of our files from the root, sorted, and what could not be looked into."""
    names: list[str] = []
    failures: list[Failure] = []

    def note(error: OSError) -> None:
        where = os.path.relpath(error.filename or root, root)
        failures.append(Failure(where, f"the folder cannot be read ({error.strerror})"))

    for folder, subfolders, files in os.walk(root, onerror=note):
        subfolders[:] = [name for name in subfolders if not name.startswith(".")]
        for name in files:
            if not name.startswith(".") and Path(name).suffix.lower() in MARKDOWN | HTML:
                names.append(Path(folder, name).relative_to(root).as_posix())
    return sorted(names), failures


def _read_file(
    root: Path, name: str, names: frozenset[str], language_folders: frozenset[str], translated: str | None
) -> SourceArticle | Failure | None:
    """None for a file that is left out on purpose. `translated`: what its translations have in common."""
    path = root / name
    try:
        if not path.resolve().is_relative_to(root.resolve()):
            return Failure(name, "it is a link to a file outside of the folder")
        if not path.is_file():
            return Failure(name, "it is not a file")
        if path.stat().st_size > MAX_FILE:
            return Failure(name, f"it is larger than {MAX_BYTES // 1_000_000} MB: split the article")
        content = path.read_bytes()
    except OSError as error:
        return Failure(name, f"it cannot be read ({error.strerror})")
    record: dict[str, Any] | None
    if path.suffix.lower() in HTML:
        page = decoded(content)
        if page is None:
            return Failure(name, "its encoding is not known: save it as UTF-8")
        record = page_record(page)
        if record is None:
            return None
    else:
        try:
            record = _markdown_record(content.decode("utf-8-sig"))
        except UnicodeDecodeError:
            return Failure(name, "it is not UTF-8: save it as UTF-8")
        except (yaml.YAMLError, RecursionError, ValueError) as error:
            return Failure(name, f"its front matter cannot be read: {_in_one_line(error)}")
        if record.get("skip") is True:
            return None
        if not record["body"].strip() and _stem(name, names)[0].lower() in INDEX_NAMES:
            return None  # it only names its folder
    told = _told_by_path(record, name, names, language_folders)
    if told.get("translation_of") is None and translated is not None:
        told["translation_of"] = translated
    found = article_from_record(told, name)
    if isinstance(found, SourceArticle) and not (found.body or found.unchanged or "title" in record):
        return Failure(name, "it has no text, and no title of its own")
    return found


# --- what the file says ------------------------------------------------------------------------------------


class _PlainYaml(yaml.SafeLoader):
    """YAML without aliases: a few lines of them can stand for gigabytes."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("it uses an alias (*name); write the value out")
        return super().compose_node(parent, index)


def read_front_matter(text: str) -> Any:
    """What the lines between the `---` say. Raises YAMLError, RecursionError or ValueError."""
    if len(text) > MAX_FRONT_MATTER:
        raise yaml.YAMLError(f"it is longer than {MAX_FRONT_MATTER // 1000} kB")
    return yaml.load(text, Loader=_PlainYaml)  # a SafeLoader that takes less


class _FrontMatter(frontmatter.YAMLHandler):  # type: ignore[misc, unused-ignore]
    def load(self, fm: str, **kwargs: object) -> Any:
        return read_front_matter(fm)


def _markdown_record(text: str) -> dict[str, Any]:
    handler = _FrontMatter()
    has_front_matter = handler.detect(text.lstrip())
    fields, body = frontmatter.parse(text, handler=handler) if has_front_matter else ({}, text)
    record: dict[str, Any] = {name: value for name, value in fields.items() if isinstance(name, str)}
    if isinstance(record.get("title"), int | float) and not isinstance(record["title"], bool):
        record["title"] = str(record["title"])
    if record.get("locale") is None:
        record["locale"] = next(
            (record[k] for k in ("lang", "language") if isinstance(record.get(k), str)), None
        )
    if record.get("status") is None and (record.get("draft") is True or record.get("published") is False):
        record["status"] = "draft"
    record.pop("html", None)
    record["body"] = body
    if record.get("title") is None:
        first = _FIRST_HEADING.match(body)
        if first and (found := headings(first[0])):
            record["title"] = found[0][1]
            record["body"] = body[first.end() :]
    return record


def _in_one_line(error: Exception) -> str:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        return f"{error.problem} in line {error.problem_mark.line + 2}"
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    return " ".join(str(error).split())[:200]


# --- what the path says ------------------------------------------------------------------------------------


def _told_by_path(
    record: dict[str, Any], name: str, names: frozenset[str], language_folders: frozenset[str]
) -> dict[str, Any]:
    """The record with what it leaves out taken from the path."""
    stem, language = _stem(name, names)
    folder = name.rpartition("/")[0]
    parts = folder.split("/") if folder else []
    section = []
    for depth, part in enumerate(parts):
        if "/".join(parts[: depth + 1]) in language_folders:
            language = language or normal_locale(part)
        else:
            section.append(_pretty(part))
    told = dict(record)
    if told.get("id") is None and told.get("_id") is None:
        told["id"] = name
    if told.get("title") is None:
        told["title"] = section[-1] if stem.lower() in INDEX_NAMES and section else _pretty(stem)
    if told.get("section") is None:
        told["section"] = section
    if told.get("locale") is None:
        told["locale"] = language
    return told


def _without_language(name: str, names: frozenset[str], language_folders: frozenset[str]) -> str:
    """The path without what says a language: the same for the translations of one article."""
    stem, _ = _stem(name, names)
    parts = name.split("/")[:-1]
    kept = [part for i, part in enumerate(parts) if "/".join(parts[: i + 1]) not in language_folders]
    return "/".join([*kept, stem + Path(name).suffix])


def _stem(name: str, names: frozenset[str]) -> tuple[str, str | None]:
    """The file's name without its ending and language, and the language."""
    folder, _, file = name.rpartition("/")
    stem = file.rpartition(".")[0]
    ending = file[len(stem) :]
    dotted = _DOTTED.fullmatch(stem)
    if dotted and _is_language(dotted[2]):
        return dotted[1], normal_locale(dotted[2])
    underscored = _UNDERSCORED.fullmatch(stem)
    if underscored and _is_language(underscored[2]):
        start = f"{folder}/{underscored[1]}" if folder else underscored[1]
        siblings = {f"{start}{ending}", *(f"{start}_{language}{ending}" for language in LANGUAGES)}
        if len(siblings & names - {name}) > 0:
            return underscored[1], normal_locale(underscored[2])
    return stem, None


def _is_language(text: str) -> bool:
    return re.split("[-_]", text)[0].lower() in LANGUAGES and normal_locale(text) is not None


def _language_folders(folders: frozenset[str]) -> frozenset[str]:
    """Folders named for a language, where one for English and one for another stand side by side. A folder
    `it` alone is more likely about computers."""
    every = {
        "/".join(folder.split("/")[: n + 1])
        for folder in folders
        if folder
        for n in range(folder.count("/") + 1)
    }
    by_parent: dict[str, list[str]] = {}
    for folder in every:
        parent, _, last = folder.rpartition("/")
        if re.fullmatch(_LANGUAGE, last) and _is_language(last):
            by_parent.setdefault(parent, []).append(folder)
    return frozenset(
        folder
        for group in by_parent.values()
        if len(group) > 1 and any(re.fullmatch("en(?:[-_].+)?", f.rpartition("/")[2].lower()) for f in group)
        for folder in group
    )


def _pretty(name: str) -> str:
    """`01.getting-started` as `Getting started`."""
    words = re.sub(r"[-_\s]+", " ", _ORDER.sub("", name)).strip() or name
    return words[:1].upper() + words[1:]
