"""The `parley` command as its users run it: a process of its own, its output, its status.

Each command runs once or more as the installed program (`program=True`), and else as a fork that has its imports already.
"""

from __future__ import annotations

import json
import shutil
import socket
import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from help_center.conversations import Conversation, add_message
from help_center.database import Database
from help_center.owner import Ownership, own
from help_center.people import Customer
from tests.conftest import ARTICLES, Installation, Server, free_port

HOW_TO_RETURN = "How do I return a bicycle?"
PUBLISHED = [article["id"] for article in ARTICLES if article.get("status") != "draft"]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """The bicycle shop, indexed. Shared: tests only read it."""
    folder = tmp_path_factory.mktemp("shop")
    made = Installation(folder)
    write(folder / "bicycles.jsonl", *ARTICLES)
    said = made.parley("index", "bicycles.jsonl", program=True)
    assert said.stdout.startswith("added 6, updated 0, unchanged 0, removed 0, failed 0; ")
    yield made
    made.stop()


@pytest.fixture(scope="module")
def served(
    tmp_path_factory: pytest.TempPathFactory, indexed_shop: Path
) -> Iterator[tuple[Installation, Server]]:
    """The bicycle shop with a server on it."""
    folder = tmp_path_factory.mktemp("served")
    made = Installation(folder)
    shutil.copytree(indexed_shop, folder / "var")
    yield made, made.serve(program=True)
    made.stop()


def write(file: Path, *articles: dict[str, Any]) -> Path:
    file.write_text("\n".join(json.dumps(article) for article in articles) + "\n", encoding="utf-8")
    return file


def the_one_document(stdout: str) -> Any:
    """What `--json` printed, which must be one JSON document and nothing else."""
    return json.loads(stdout)


def complaint(installation: Installation, *words: str, stdin: str = "") -> str:
    """The one line that a command ends with which cannot do what it was told."""
    done = installation.parley(*words, check=False, stdin=stdin)
    lines = done.stderr.splitlines()
    assert done.returncode == 2, f"status {done.returncode}: {done.stdout}{done.stderr}"
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("parley: "), lines[0]
    assert "Traceback" not in done.stdout + done.stderr
    assert done.stdout == ""
    return lines[0]


def indexed(installation: Installation) -> set[str]:
    """The articles that the index holds."""
    with sqlite3.connect(installation.folder / "var" / "parley.db") as database:
        return {id for (id,) in database.execute("SELECT DISTINCT article_id FROM passages")}


def found_by(server: Server, words: str) -> list[str]:
    with server.client() as client:
        told = client.get("/api/search", params={"q": words}).raise_for_status().json()
    return [row["article_id"] for row in told["results"]]


# --- what it prints ------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_index_reports_what_it_did_and_a_second_run_finds_nothing_to_do(
    installation: Installation, articles_file: Path
) -> None:
    first = the_one_document(installation.parley("index", str(articles_file), "--json").stdout)
    assert set(first) == {"added", "updated", "unchanged", "removed", "failed", "passages", "seconds"}
    assert (first["added"], first["updated"], first["unchanged"], first["removed"], first["failed"]) == (
        6,
        0,
        0,
        0,
        [],
    )
    assert first["passages"] >= len(PUBLISHED)
    again = installation.parley("index", str(articles_file), "--json")
    second = the_one_document(again.stdout)
    assert (second["added"], second["updated"], second["unchanged"], second["passages"]) == (0, 0, 6, 0)
    assert again.stderr == ""


@pytest.mark.slow
def test_an_edit_embeds_only_the_passages_that_changed(installation: Installation) -> None:
    more = " Turn it twice." * 40  # too long to share a passage with another section
    sections = [
        f"## Part {n}\n\nThe {word} is on page {n}.{more}"
        for n, word in enumerate(("saddle", "pedal", "chain", "lamp"))
    ]
    article = {"id": "manual", "title": "The manual", "body": "\n\n".join(sections)}
    file = write(installation.folder / "manual.jsonl", article)
    assert the_one_document(installation.parley("index", str(file), "--json").stdout)["passages"] == 4
    sections[2] = f"## Part 2\n\nThe belt is on page 2.{more}"
    write(file, article | {"body": "\n\n".join(sections)})

    kept = vectors_in(installation)
    told = the_one_document(installation.parley("index", str(file), "--json").stdout)
    assert (told["updated"], told["unchanged"]) == (1, 0)
    now = vectors_in(installation)
    assert len(now) == 4
    assert len(now & kept) == 3  # three are as they were


def vectors_in(installation: Installation) -> set[str]:
    """The store's own row numbers: a vector that is written again gets another."""
    with sqlite3.connect(installation.folder / "var" / "chroma" / "chroma.sqlite3") as chroma:
        return {f"{number} {id}" for number, id in chroma.execute("SELECT id, embedding_id FROM embeddings")}


@pytest.mark.slow
def test_search_lists_articles_best_first(served: tuple[Installation, Server]) -> None:
    told, in_words = both(served[0], "search", "return a bicycle", "--limit", "3")
    assert set(told) == {"query", "took_ms", "results"}
    assert told["results"][0]["article_id"] == "returns"
    assert {"article_id", "title", "url", "section", "excerpt", "score"} <= set(told["results"][0])
    ids = [row["article_id"] for row in told["results"]]
    assert len(ids) == len(set(ids)) == 3
    assert not {"wholesale-prices", "draft-helmets"} & set(ids)
    assert in_words.startswith("1. Return a bicycle  (returns, ")


def both(installation: Installation, *words: str) -> tuple[Any, str]:
    """What a command prints as JSON, and in words."""
    with ThreadPoolExecutor(2) as pool:
        as_json = pool.submit(installation.parley, *words, "--json", program=True)
        in_words = pool.submit(installation.parley, *words)
    return the_one_document(as_json.result().stdout), in_words.result().stdout


@pytest.mark.slow
def test_a_search_before_anything_was_indexed_says_what_to_do(installation: Installation) -> None:
    assert "parley index" in installation.parley("search", "anything").stdout


@pytest.mark.slow
def test_ask_gives_the_turn_of_the_contract(served: tuple[Installation, Server]) -> None:
    turn, in_words = both(served[0], "ask", HOW_TO_RETURN)
    assert set(turn) == {
        "conversation", "message", "action", "confidence", "sentiment", "reasons", "handoff_id", "timings_ms",
    }  # fmt: skip
    assert turn["action"] == "answer"
    assert turn["message"]["sources"][0]["article_id"] == "returns"
    assert "Print the label" in turn["message"]["text"]
    assert "/help/articles/return-a-bicycle" in in_words
    assert "-- answer, confidence 0." in in_words or "-- answer, confidence 1." in in_words


@pytest.mark.slow
def test_doctor_says_what_is_there_and_what_is_missing(shop: Installation) -> None:
    away = {"PARLEY_CHROMA_URL": f"http://127.0.0.1:{free_port()}", "PARLEY_REDIS_URL": f"redis://127.0.0.1:{free_port()}"}  # fmt: skip
    without_store = Installation(shop.folder, away)
    with ThreadPoolExecutor(2) as pool:
        failing = pool.submit(without_store.parley, "doctor", "--json", check=False)
        told = the_one_document(shop.parley("doctor", "--json", program=True).stdout)
    failed = failing.result()
    checks = {check["name"]: check for check in told["checks"]}
    assert told["ok"] is True
    assert checks["index"]["told"].startswith("5 articles in ")
    assert "parley agent add" in checks["agents"]["advice"]
    assert failed.returncode == 1
    missing = [check for check in the_one_document(failed.stdout)["checks"] if not check["ok"]]
    assert [check["name"] for check in missing] == ["vector store", "live events"]
    assert "start Redis" in missing[1]["advice"]


def test_who_names_no_command_is_shown_all_of_them(tmp_path: Path) -> None:
    for words in ((), ("agent",)):
        told = Installation(tmp_path).parley(*words, check=False)
        assert (told.returncode, told.stdout) == (2, "")
        assert len(told.stderr.splitlines()) > 5, "one line each"


def test_every_command_explains_itself(tmp_path: Path) -> None:
    installation = Installation(tmp_path)
    with ThreadPoolExecutor(3) as pool:
        names = ("serve", "index", "search", "ask", "chat", "agent add", "eval", "calibrate", "doctor")
        texts = list(
            pool.map(lambda name: installation.parley(*name.split(), "--help", program=True).stdout, names)
        )
    assert all("Usage:" in text for text in texts)
    assert not (tmp_path / "var").exists()


# --- agents --------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_an_agent_added_with_a_password_signs_in(served: tuple[Installation, Server]) -> None:
    installation, server = served
    added = installation.parley(
        "agent",
        "add",
        "Grace@Example.org",
        "--name",
        "Grace",
        "--password-stdin",
        "--json",
        stdin="correct horse\n",
        program=True,
    )
    told = the_one_document(added.stdout)
    assert (told["email"], told["role"], told["token"]) == ("grace@example.org", "agent", None)
    with server.client() as client:
        wrong = client.post("/api/session", json={"email": "grace@example.org", "password": "wrong horse"})
        assert wrong.status_code in {401, 403}
        signed_in = client.post(
            "/api/session", json={"email": "grace@example.org", "password": "correct horse"}
        )
        assert signed_in.is_success, signed_in.text
        assert client.get("/api/handoffs").status_code == 200
    assert "grace@example.org is an agent already" in complaint(
        installation, "agent", "add", "GRACE@example.org", "--token"
    )


@pytest.mark.slow
def test_an_agent_without_a_password_gets_a_token_once(served: tuple[Installation, Server]) -> None:
    installation, server = served
    told = the_one_document(
        installation.parley(
            "agent", "add", "linus@example.org", "--role", "admin", "--token", "--json"
        ).stdout
    )
    assert set(told) == {"id", "email", "role", "token"}
    with server.client(headers={"Authorization": f"Bearer {told['token']}"}) as client:
        assert client.get("/api/handoffs").status_code == 200
        assert client.put("/api/articles/x", json={"title": "X", "body": "x"}).status_code == 201
        assert client.delete("/api/articles/x").status_code == 204


WORD = "zanzibarella"  # in everything that the customer says


def talked(folder: Path, blank: Path) -> None:
    """A data dir where two customers have talked: kim, twice, and lee."""
    (folder / "var").mkdir()
    shutil.copy(blank, folder / "var" / "parley.db")
    database = Database(f"sqlite:///{folder / 'var' / 'parley.db'}")
    with database.write() as session:
        for name, said in (("kim", [f"My {WORD} is broken", f"The {WORD} is late"]), ("lee", ["Hello"])):
            session.add(
                Customer(
                    id=f"cust_{name}", external_id=f"{name}-7", email=f"{name}@example.org", attributes={}
                )
            )
            session.flush()
            for number, text in enumerate(said):
                conversation = Conversation(
                    id=f"conv_{name}{number}", customer_id=f"cust_{name}", greeting="Hi"
                )
                session.add(conversation)
                session.flush()
                add_message(session, conversation, "customer", text)
                add_message(session, conversation, "assistant", "I see.")
    database.close()


def test_a_customers_data_are_exported_as_one_document(
    installation: Installation, blank_database: Path
) -> None:
    talked(installation.folder, blank_database)
    (kim,) = the_one_document(installation.parley("export", "KIM@example.org").stdout)["customers"]
    assert kim["customer"]["id"] == "kim-7"
    said = [message["text"] for one in kim["conversations"] for message in one["messages"]]
    assert said == [f"My {WORD} is broken", "I see.", f"The {WORD} is late", "I see."]
    done = installation.parley("export", "conv_lee0", "--output", "lee.json")
    assert done.stdout == "1 customers with all that is kept of them: lee.json\n"
    written = (installation.folder / "lee.json").read_text()
    assert "lee-7" in written
    assert WORD not in written
    assert "lee.json" in complaint(
        installation, "export", "kim-7", "--output", "lee.json"
    )  # nothing is overwritten
    assert (installation.folder / "lee.json").read_text() == written
    assert "nobody is known as 'mo@example.org'" in complaint(installation, "export", "mo@example.org")


def test_a_customer_is_erased_only_with_a_yes_and_nothing_of_theirs_is_left(
    installation: Installation, blank_database: Path
) -> None:
    talked(installation.folder, blank_database)
    assert "nobody is known as 'mo@example.org'" in complaint(
        installation, "erase", "mo@example.org", "--yes"
    )
    assert "add --yes" in complaint(installation, "erase", "kim-7")
    assert WORD in installation.parley("export", "kim-7").stdout
    told = the_one_document(installation.parley("erase", "kim@example.org", "--yes", "--json").stdout)
    gone = {"customers": 1, "conversations": 2, "messages": 4, "files": 0, "drafts": 0}
    assert told == gone | {"published_articles": []}
    for name in ("kim-7", "kim@example.org", "cust_kim", "conv_kim0"):
        assert "nobody is known" in complaint(installation, "export", name)
    with sqlite3.connect(installation.folder / "var" / "parley.db") as database:
        lines = list(database.iterdump())
    left = [line for line in lines if "kim" in line or WORD in line]
    assert len(left) == 1, left
    assert 'INSERT INTO "audit_log"' in left[0]  # that it was done, and for which id
    assert any("conv_lee0" in line for line in lines)
    again = installation.parley("erase", "lee-7", "--yes")
    assert again.stdout == "1 customers, 1 conversations, 2 messages, 0 files, 0 drafts removed.\n"


def test_an_agent_without_a_password_hears_so(tmp_path: Path) -> None:
    installation = Installation(tmp_path)
    for words in (("a@example.org",), ("b@example.org", "--token")):
        said = installation.parley("agent", "add", *words).stdout
        assert "API token (shown this once): " in said
        assert "Without a password" in said


def test_an_agent_is_refused_with_one_line(tmp_path: Path) -> None:
    complain(
        tmp_path,
        (("agent", "add", "a@example.org", "--role", "queen", "--token"), {}, "no role"),
        (("agent", "add", "not an address", "--token"), {}, "no e-mail address"),
    )
    installation = Installation(tmp_path)
    assert "8 characters" in complaint(
        installation, "agent", "add", "a@example.org", "--password-stdin", stdin="short\n"
    )
    piped = complaint(installation, "agent", "add", "a@example.org", stdin="correct horse\n")
    assert "--password-stdin" in piped
    assert "--token" in piped
    # and nothing of it is left
    assert (
        the_one_document(installation.parley("agent", "add", "a@example.org", "--token", "--json").stdout)[
            "role"
        ]
        == "agent"
    )


# --- bad input -----------------------------------------------------------------------------------------------


def test_a_source_that_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    binary = tmp_path / "binary.jsonl"
    binary.write_bytes(b"\xff\xfe\x00{")
    broken = write_text(tmp_path / "broken.jsonl", "{broken\n")
    complain(
        tmp_path,
        (("index", "missing.jsonl"), {}, "missing.jsonl does not exist"),
        (("index", "http://127.0.0.1:9/help"), {}, "cannot be reached"),
        (("index", str(binary)), {}, "UTF-8"),
        (("index", str(broken)), {}, "it is not JSON"),
        (("index",), {}, "parley: Missing argument"),
    )


def complain(folder: Path, *cases: tuple[tuple[str, ...], dict[str, str], str]) -> None:
    """Each (command, settings, words of its complaint), in a data dir of its own, several at a time."""

    def complained(case: tuple[int, tuple[tuple[str, ...], dict[str, str], str]]) -> str:
        number, (words, settings, _) = case
        (folder / str(number)).mkdir()
        return complaint(Installation(folder / str(number), settings), *words)

    with ThreadPoolExecutor(4) as pool:
        told = list(pool.map(complained, enumerate(cases)))
    assert [line for line, (_, _, wanted) in zip(told, cases, strict=True) if wanted not in line] == []


def write_text(file: Path, text: str) -> Path:
    file.write_text(text, encoding="utf-8")
    return file


@pytest.mark.slow
def test_a_broken_line_is_named_and_the_others_come_in(installation: Installation) -> None:
    lines = [json.dumps(article) for article in ARTICLES[:3]]
    file = write_text(
        installation.folder / "mixed.jsonl", "\n".join([lines[0], '{"id": "broken', *lines[1:]]) + "\n"
    )
    done = installation.parley("index", str(file), "--json", "--prune", check=False)
    told = the_one_document(done.stdout)
    assert done.returncode == 2
    assert told["added"] == 3
    assert [failure["where"] for failure in told["failed"]] == ["mixed.jsonl, line 2"]
    complaints = done.stderr.splitlines()
    assert all(line.startswith("parley: ") for line in complaints)
    assert [line for line in complaints if "line 2: it is not JSON" in line]
    assert indexed(installation) == {article["id"] for article in ARTICLES[:3]}


@pytest.mark.slow
def test_one_source_of_several_that_is_broken_does_not_stop_the_others(
    installation: Installation, articles_file: Path
) -> None:
    broken = write_text(installation.folder / "broken.jsonl", "{broken\n")
    more = write(
        installation.folder / "more.jsonl",
        {"id": "bells", "title": "Fit a bell", "body": "On the left of the bar."},
    )
    done = installation.parley("index", str(articles_file), str(broken), str(more), "--json", check=False)
    told = the_one_document(done.stdout)
    assert done.returncode == 2
    assert told["added"] == 7
    assert "broken.jsonl" in json.dumps(told["failed"])
    assert indexed(installation) == {*PUBLISHED, "bells"}


@pytest.mark.slow
def test_a_setting_that_cannot_be_used_is_one_line(tmp_path: Path) -> None:
    file = str(write_text(tmp_path / "a file", "not a folder"))
    search = ("search", "anything")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        complain(
            tmp_path,
            (search, {"PARLEY_CHROMA_URL": f"http://127.0.0.1:{silent.getsockname()[1]}"}, "timed out"),
            (search, {"PARLEY_CHROMA_URL": "http://127.0.0.1:1"}, "Check PARLEY_CHROMA_URL"),
            (search, {"PARLEY_LMM": "openai:gpt-5-mini"}, "unknown setting PARLEY_LMM"),
            (search, {"PARLEY_MAX_WRONG": "lots"}, "PARLEY_MAX_WRONG cannot be used"),
            (
                search,
                {"PARLEY_DATABASE_URL": "mysql://localhost/parley"},
                "PARLEY_DATABASE_URL cannot be used",
            ),
            (
                search,
                {"PARLEY_DATABASE_URL": "postgresql://postgres@127.0.0.1:1/x"},
                "Check PARLEY_DATABASE_URL",
            ),
            (search, {"PARLEY_EMBEDDING_MODEL": "/no/such/model"}, "PARLEY_EMBEDDING_MODEL"),
            (search, {"PARLEY_EMBEDDING_MODEL": "openai:text-embedding-3-small"}, "OPENAI_API_KEY"),
            (search, {"PARLEY_DATA_DIR": file}, "a file"),
            (("agent", "add", "a@example.org", "--token"), {"PARLEY_DATA_DIR": file}, "a file"),
            (("serve", "--port", str(free_port())), {"PARLEY_DATA_DIR": file}, "a file"),
            (
                ("serve", "--port", str(free_port())),
                {"PARLEY_CHROMA_URL": "http://127.0.0.1:1"},
                "PARLEY_CHROMA_URL",
            ),
        )


def test_a_port_in_use_is_one_line(installation: Installation) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        line = complaint(installation, "serve", "--port", port)
    assert f"127.0.0.1:{port}" in line
    assert "--port" in line


def test_a_database_of_a_newer_parley_is_refused(installation: Installation) -> None:
    (installation.folder / "var").mkdir()
    with sqlite3.connect(installation.folder / "var" / "parley.db") as database:
        database.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
        database.execute("INSERT INTO alembic_version VALUES ('9999')")
    assert "newer Parley" in complaint(installation, "search", "anything")


# --- pruning -------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_prune_removes_only_what_the_same_source_brought(installation: Installation) -> None:
    one = write(installation.folder / "one.jsonl", *ARTICLES[:3])
    other = write(
        installation.folder / "other.jsonl",
        {"id": "bells", "title": "Fit a bell", "body": "On the left of the bar."},
    )
    installation.parley("index", str(one), str(other))

    one.write_text("")
    assert "is empty" in complaint(installation, "index", str(one), "--prune")
    write_text(one, json.dumps(ARTICLES[0]) + "\n{broken\n")
    failed = installation.parley("index", str(one), "--prune", "--json", check=False)
    assert (failed.returncode, the_one_document(failed.stdout)["removed"]) == (2, 0)
    assert "nothing of" in failed.stderr

    write(one, ARTICLES[0])
    assert (
        the_one_document(installation.parley("index", str(one), "--json").stdout)["removed"] == 0
    )  # not asked to
    told = the_one_document(installation.parley("index", str(one), "--prune", "--json").stdout)
    assert (told["removed"], told["unchanged"]) == (2, 1)
    assert indexed(installation) == {"returns", "bells"}


# --- beside a running server ---------------------------------------------------------------------------------


@pytest.mark.slow
def test_commands_beside_a_server_work_through_it_and_agree_with_it(
    served: tuple[Installation, Server],
) -> None:
    installation, server = served
    query = "right pressure for my tyres"
    searched = the_one_document(installation.parley("search", query, "--json").stdout)["results"]
    assert [row["article_id"] for row in searched] == found_by(server, query)
    asked = the_one_document(installation.parley("ask", HOW_TO_RETURN, "--json").stdout)
    said = server.conversation().say(HOW_TO_RETURN)
    assert (asked["action"], asked["confidence"], asked["message"]["text"]) == (
        said["action"], said["confidence"], said["message"]["text"],
    )  # fmt: skip

    more = write(
        installation.folder / "more.jsonl",
        {"id": "racks", "title": "Fit a rack", "body": "Two screws hold the rack."},
    )
    told = the_one_document(installation.parley("index", str(more), "--json").stdout)
    assert (told["added"], told["failed"]) == (1, [])
    assert found_by(server, "screws of the rack")[0] == "racks"
    write(more, {"id": "lamps", "title": "Fit a lamp", "body": "The lamp clicks into its holder."})
    told = the_one_document(installation.parley("index", str(more), "--prune", "--json").stdout)
    assert (told["added"], told["removed"]) == (1, 1)
    assert found_by(server, "lamp holder")[0] == "lamps"
    assert "racks" not in found_by(server, "screws of the rack")
    checks = {
        check["name"]: check
        for check in the_one_document(installation.parley("doctor", "--json").stdout)["checks"]
    }
    assert server.url in checks["server"]["told"]
    assert checks["index"]["told"].endswith(", 0 behind")


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    folder = tmp_path / "labelled"
    folder.mkdir()
    queries = {"q1": ("get my money back for a bicycle", "returns"), "q2": ("pressure of a 25 mm tyre", "tyre-pressure"),
               "q3": ("update the firmware of the bike computer", "bike-computer")}  # fmt: skip
    write(folder / "queries.jsonl", *({"_id": id, "text": text} for id, (text, _) in queries.items()))
    rows = ["query-id\tcorpus-id\tscore", *(f"{id}\t{gold}\t1" for id, (_, gold) in queries.items())]
    (folder / "qrels.tsv").write_text("\n".join(rows) + "\n")
    return folder


@pytest.mark.slow
def test_eval_beside_a_server_judges_the_live_index_or_a_corpus_apart(
    served: tuple[Installation, Server], labelled: Path, tmp_path: Path
) -> None:
    installation, server = served
    run = tmp_path / "run.trec"
    told = the_one_document(
        installation.parley(
            "eval", "retrieval", "--data", str(labelled), "--run", str(run), "--json", program=True
        ).stdout
    )
    assert (told["queries"], told["R@1"]) == (3, 1.0)
    ranked = [line.split()[2] for line in run.read_text().splitlines() if line.startswith("q1 ")]
    assert ranked == found_by(server, "get my money back for a bicycle")

    corpus = [
        {"_id": a["id"], "title": a["title"], "text": a["body"]}
        for a in ARTICLES
        if a["id"] in {"returns", "bike-computer"}
    ]
    write(
        labelled / "corpus.jsonl",
        *corpus,
        {"_id": "elsewhere", "title": "Pressure", "text": "Air pressure in general."},
    )
    apart = the_one_document(
        installation.parley("eval", "retrieval", "--data", str(labelled), "--json").stdout
    )
    assert apart["R@1"] == pytest.approx(2 / 3)  # the corpus has no article on tyres
    assert "elsewhere" not in found_by(server, "air pressure in general")
    assert found_by(server, HOW_TO_RETURN)[0] == "returns"


@pytest.mark.slow
def test_eval_with_data_that_cannot_be_used_is_one_line(tmp_path: Path, labelled: Path) -> None:
    write_text(labelled / "qrels.tsv", "query-id\tcorpus-id\tscore\nq1 returns 1\n")
    complain(
        tmp_path,
        (("eval", "retrieval", "--data", "nowhere"), {}, "no folder"),
        (("eval", "everything"), {}, "no suite"),
        (("eval", "retrieval", "--data", str(labelled)), {}, "qrels.tsv, line 2"),
    )


def test_a_second_server_on_the_same_data_dir_is_refused(served: tuple[Installation, Server]) -> None:
    installation, server = served
    line = complaint(installation, "serve", "--port", str(free_port()))
    assert server.url in line
    assert httpx.get(f"{server.url}/readyz", trust_env=False).status_code == 200


class BreaksOff(BaseHTTPRequestHandler):
    """A server that is alive, and dies under every question."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def do_POST(self) -> None:
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *args: object) -> None:
        pass


@pytest.mark.slow
def test_a_server_that_dies_under_a_command_is_one_line(
    installation: Installation, articles_file: Path
) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), BreaksOff)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    ownership = own(installation.folder / "var", "serve")
    assert isinstance(ownership, Ownership)
    ownership.announce(f"http://127.0.0.1:{server.server_port}")
    with ThreadPoolExecutor(3) as pool:
        commands = [("search", "anything"), ("ask", "anything"), ("index", str(articles_file))]
        told = list(pool.map(lambda words: complaint(installation, *words), commands))
    assert all("run the command again" in line for line in told)
    ownership.release()
    server.shutdown()
    server.server_close()
    # what the index command had brought in is there, and is indexed now
    results = the_one_document(installation.parley("index", str(articles_file), "--json").stdout)
    assert results["unchanged"] == 6
    assert results["passages"] > 0


# --- chat, and two at once -----------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("where", ["alone", "beside a server"])
def test_chat_reads_its_lines_from_a_pipe(
    where: str, shop: Installation, served: tuple[Installation, Server]
) -> None:
    installation = shop if where == "alone" else served[0]
    done = installation.parley("chat", stdin=f"Hello\n{HOW_TO_RETURN}\n", program=where == "alone")
    assert "Print the label" in done.stdout
    assert "[1] Return a bicycle  /help/articles/return-a-bicycle" in done.stdout
    assert done.stderr == ""


@pytest.mark.slow
def test_two_indexes_at_once_both_succeed(installation: Installation, articles_file: Path) -> None:
    other = write(
        installation.folder / "other.jsonl",
        *({"id": f"o{n}", "title": f"Part {n}", "body": f"Part number {n}."} for n in range(40)),
    )
    with ThreadPoolExecutor(3) as pool:
        runs = [
            pool.submit(installation.parley, "index", str(file), "--json")
            for file in (articles_file, other, other)
        ]
        told = [the_one_document(run.result().stdout) for run in runs]
    assert told[0]["added"] == 6
    assert sorted((one["added"], one["unchanged"]) for one in told[1:]) == [(0, 40), (40, 0)]
    assert sum(one["passages"] for one in told) >= 40 + len(PUBLISHED)
    again = the_one_document(installation.parley("index", str(articles_file), str(other), "--json").stdout)
    assert (again["unchanged"], again["passages"]) == (46, 0)


@pytest.mark.slow
@pytest.mark.services
def test_two_indexes_at_once_on_one_postgresql_both_succeed(
    installation: Installation, postgres_url: str, chroma_url: str
) -> None:
    installation.env |= {"PARLEY_DATABASE_URL": postgres_url, "PARLEY_CHROMA_URL": chroma_url}
    file = write(
        installation.folder / "many.jsonl",
        *({"id": f"o{n}", "title": "Part", "body": f"Part number {n}."} for n in range(120)),
    )
    with ThreadPoolExecutor(3) as pool:
        runs = [pool.submit(installation.parley, "index", str(file), "--json") for _ in range(3)]
        told = [the_one_document(run.result().stdout) for run in runs]
    assert sum(one["added"] for one in told) == 120
    again = the_one_document(installation.parley("index", str(file), "--json").stdout)
    assert (again["unchanged"], again["passages"]) == (120, 0)
