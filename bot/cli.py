"""The `parley` command. Each command says in one line what went wrong and what to do, and never more.

Finds the parts, asks them, prints. Slow libraries are imported by the command that needs them: `parley --help`
must not wait for a vector store. Other packages add commands through the entry point group `parley.commands`.
"""

from __future__ import annotations

import gc
import getpass
import json
import os
import select
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.logs import complain, log_to_stderr
from help_center.faults import Mendable, reason

if TYPE_CHECKING:
    from help_center.database import Database

os.environ.setdefault("ANONYMIZED_TELEMETRY", "False")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

app = typer.Typer(
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None,
    help="Answers customers from your help center, and hands them to a person when it should.",
)  # fmt: skip
agents = typer.Typer(no_args_is_help=True, help="The people who answer in the inbox.")
app.add_typer(agents, name="agent")
GARBAGE = 20_000  # new objects from which on it is looked for
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Email = Annotated[str, typer.Argument(metavar="EMAIL", help="The agent's e-mail address.")]


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=0, max=65535)] = 8000,
    workers: Annotated[
        int, typer.Option(help="Processes; several share a Chroma server.", min=1, max=64)
    ] = 1,
) -> None:
    """Serve everything: chat, help center, inbox, API."""
    from bot.serving import serve as run
    from help_center.settings import load_settings

    run(load_settings(), host, port, workers)


@app.command()
def index(
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE...", help="Folders of Markdown or HTML, .jsonl files, exports, addresses."
        ),
    ],
    prune: Annotated[
        bool, typer.Option("--prune", help="Remove what the same SOURCE brought earlier and has no longer.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Bring articles in, and index what changed. Safe to interrupt and to run again."""
    from bot.progress import Progress
    from bot.reach import reached
    from help_center.importing import bring_in
    from help_center.settings import load_settings

    began = time.monotonic()
    with reached(load_settings(), "index") as reach:
        with Progress("reading", "articles") as progress:
            report = bring_in(reach.house.database, sources, prune=prune, progress=progress)
        with Progress("indexing", "passages", grows=True) as progress:
            indexed = reach.sync(progress)
    told = {
        "added": report.added, "updated": report.updated, "unchanged": report.unchanged, "removed": report.removed,
        "failed": report.failed, "passages": indexed.passages, "seconds": round(time.monotonic() - began, 2),
    }  # fmt: skip
    if as_json:
        _print_json(told)
    else:
        print(
            f"added {report.added}, updated {report.updated}, unchanged {report.unchanged}, removed {report.removed}, "
            f"failed {len(report.failed)}; {indexed.passages} passages in {told['seconds']} s"
        )
    if report.kept:
        complain(
            f"{report.kept} articles are written at /manage now: what this source says of them was passed over."
        )
    for line in report.not_pruned:
        complain(f"{line}.")
    for failure in report.failed:
        complain(f"{failure['where']}: {failure['reason']}")
    if report.failed or report.not_pruned:
        raise typer.Exit(2)


@app.command()
def search(
    query: Annotated[str, typer.Argument(help="What to look for.")],
    limit: Annotated[int, typer.Option(help="How many articles.", min=1, max=50)] = 10,
    as_json: AsJson = False,
) -> None:
    """Search the help center."""
    from bot.reach import reached
    from help_center.settings import load_settings

    if not query.strip():
        raise typer.BadParameter("look for something.")
    began = time.monotonic()
    with reached(load_settings(), "search") as reach:
        found = reach.ranking(query, limit)
    results = found["results"]
    if as_json:
        results = results if found["relevant"] else []
        _print_json(
            {"query": query, "took_ms": round((time.monotonic() - began) * 1000, 1), "results": results}
        )
        return
    if results and not found["relevant"]:
        print("No article comes close to that. The nearest:")
        results = results[:3]
    for place, result in enumerate(results, 1):
        print(
            f"{place}. {result['title']}  ({result['article_id']}, {result['score']:.2f})\n   {result['excerpt']}"
        )
    if not results:
        print("Nothing found. Has the help center been indexed? `parley index FOLDER` does it.")


@app.command()
def ask(
    question: Annotated[str, typer.Argument(help="As a customer would ask it.")], as_json: AsJson = False
) -> None:
    """One turn, as a customer would get it. Opens no conversation and fills no queue."""
    from bot.drift import doubt
    from bot.reach import reached
    from help_center.settings import load_settings

    if not question.strip():
        raise typer.BadParameter("ask something.")
    with reached(load_settings(), "ask") as reach:
        turn = reach.ask(question)
        unsure = doubt(reach.house)
    if unsure:
        complain(unsure)
    turn = {key: value for key, value in turn.items() if key not in {"found", "choices", "evidence"}}
    if as_json:
        _print_json(turn)
        return
    print(turn["message"]["text"])
    for number, source in enumerate(turn["message"]["sources"], 1):
        print(f"  [{number}] {source['title']} › {source['heading']}  {source['url']}")
    why = f" ({', '.join(turn['reasons'])})" if turn["reasons"] else ""
    sure = (
        "" if turn["confidence"] is None else f", confidence {min(max(turn['confidence'], 0.01), 0.99):.2f}"
    )
    print(f"-- {turn['action']}{why}{sure}, {turn['timings_ms'].get('total', 0):.0f} ms")


@app.command()
def chat() -> None:
    """A conversation in the terminal, as a customer would have it: agents see it, and may reply."""
    import asyncio

    from bot.terminal import chat_in_terminal
    from help_center.settings import load_settings

    asyncio.run(chat_in_terminal(load_settings()))


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Say what is configured, what answers, what does not, and what to do."""
    from bot.doctor import examine
    from help_center.settings import load_settings

    findings = examine(load_settings())
    if as_json:
        _print_json({"ok": all(f.ok for f in findings), "checks": [vars(f) for f in findings]})
    else:
        for finding in findings:
            print(f"{'ok  ' if finding.ok else 'FAIL'} {finding.name}: {finding.told}")
            if finding.advice:
                print(f"     -> {finding.advice}")
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)


Whose = Annotated[
    str,
    typer.Argument(
        metavar="CUSTOMER", help="The customer's id, their e-mail address, or a conversation's id."
    ),
]


@app.command()
def export(
    customer: Whose,
    output: Annotated[
        str | None, typer.Option("--output", "-o", help="A file; else standard output.")
    ] = None,
) -> None:
    """Write all that is kept of a customer as one JSON document."""
    from help_center.customer_data import customers_named, told

    with _database() as database, database.read() as session:
        document = {"customers": [told(session, one) for one in customers_named(session, customer)]}
    if output is None:
        _print_json(document)
        return
    with open(output, "x", encoding="utf-8") as file:
        json.dump(document, file, ensure_ascii=False, indent=2)
    print(f"{len(document['customers'])} customers with all that is kept of them: {output}")


@app.command()
def erase(
    customer: Whose,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask again.")] = False,
    as_json: AsJson = False,
) -> None:
    """Remove a customer with every conversation, for good. Asks first on a terminal."""
    from escalation import audit, staff
    from help_center import customer_data

    with _database() as database:
        with database.read() as session:
            found = [one.id for one in customer_data.customers_named(session, customer)]
        if not yes:
            if not sys.stdin.isatty():
                raise typer.BadParameter("nothing was removed: add --yes where nobody can be asked.")
            typer.confirm(
                f"Remove {len(found)} customers with all their conversations, for good?", abort=True, err=True
            )
        counts = {"customers": len(found), "conversations": 0, "messages": 0, "files": 0, "drafts": 0}
        published: list[tuple[str, str]] = []
        for id in found:
            with database.write() as session:
                gone = session.get(customer_data.Customer, id)
                if gone is not None:
                    published += customer_data.published_from(session, gone)
                    for what, number in customer_data.erase(session, gone).items():
                        counts[what] += number
                    audit.record(session, staff.COMMAND_LINE, "customer.erase", id)
    if as_json:
        told = [{"id": id, "title": title} for id, title in published]
        _print_json(counts | {"published_articles": told})
        return
    print(", ".join(f"{number} {what}" for what, number in counts.items()) + " removed.")
    for id, title in published:
        print(
            f"This article began in a conversation of theirs and stays; see whether it tells of them: {title} ({id})"
        )


@agents.command("add")
def add(
    email: Annotated[str, typer.Argument(help="The agent's e-mail address: the name to sign in with.")],
    name: Annotated[str | None, typer.Option(help="As customers see it.")] = None,
    role: Annotated[str, typer.Option(help="agent, lead or admin.")] = "agent",
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input.")
    ] = False,
    token: Annotated[
        bool, typer.Option("--token", help="Make an API token, too, and print it once.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make an agent. Asks for a password on a terminal; without one the agent has a token only."""
    from escalation import staff

    password = None
    if password_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    elif sys.stdin.isatty() and not token:
        password = getpass.getpass("Password (at least 8 characters): ") or None
    elif not token and _piped_in():
        raise typer.BadParameter(
            "nobody was added: to take what is piped in as the password, add --password-stdin; for an agent who has a "
            "token only, add --token."
        )
    with _database() as database, database.write() as session:
        agent = staff.add(session, staff.COMMAND_LINE, email=email, name=name, role=role, password=password)
        secret = None
        if token or password is None:  # an agent without a password gets in by a token only
            _, secret = staff.make_token(session, staff.COMMAND_LINE, agent, "command line")
        told = {"id": agent.id, "email": agent.email, "role": agent.role, "token": secret}
    if as_json:
        _print_json(told)
        return
    print(f"{agent.email} is {'an' if agent.role in ('agent', 'admin') else 'a'} {agent.role} now.")
    if secret:
        print(f"API token (shown this once): {secret}")
    if password is None:
        print("Without a password nobody signs in with this address; the token works.")


def _piped_in() -> bool:
    """Whether something comes on standard input. Not waited for without end: who starts us may leave a pipe open."""
    ready, _, _ = select.select([sys.stdin], [], [], 2)
    return bool(ready and os.read(sys.stdin.fileno(), 1))


@agents.command("list")
def list_agents(
    everybody: Annotated[bool, typer.Option("--all", help="With those who were deactivated.")] = False,
    as_json: AsJson = False,
) -> None:
    """Who answers in the inbox, and how they stand."""
    from sqlalchemy import select

    from escalation import staff
    from help_center.people import Agent

    with _database() as database, database.read() as session:
        query = select(Agent).order_by(Agent.email)
        if not everybody:
            query = query.where(Agent.deactivated_at.is_(None))
        items = staff.agents_json(session, session.scalars(query), private=True)
    if as_json:
        _print_json({"items": items})
        return
    for one in items:
        away = "" if one["available"] else ", away"
        here = "locked out" if one["locked_until"] else "active" + away
        state = here if one["active"] else "deactivated"
        print(f"{one['email']}  {one['role']}  {state}  {one['open']} open  {one['name']}")
    if not items:
        print("Nobody yet: `parley agent add EMAIL` makes the first one.")


@agents.command("deactivate")
def deactivate(email: Email, as_json: AsJson = False) -> None:
    """Put an agent out at once: sessions and tokens end, open conversations go back into the queue."""
    from escalation import staff

    with _database() as database, database.write() as session:
        agent = staff.find(session, email)
        released = staff.let_go(session, staff.COMMAND_LINE, agent)
        told = {"id": agent.id, "email": agent.email, "active": False, "released": released}
    if as_json:
        _print_json(told)
    else:
        print(f"{told['email']} is out; {released} open conversations went back into the queue.")


@agents.command("unlock")
def unlock(email: Email, as_json: AsJson = False) -> None:
    """Let an agent try again who was locked out after too many wrong passwords."""
    from escalation import staff

    with _database() as database, database.write() as session:
        agent = staff.find(session, email)
        was_locked = staff.unlock(session, staff.COMMAND_LINE, agent)
        told = {"id": agent.id, "email": agent.email, "was_locked": was_locked}
    if as_json:
        _print_json(told)
    else:
        print(f"{told['email']} {'may try again' if was_locked else 'was not locked out'}.")


@agents.command("token")
def make_token(
    email: Email,
    name: Annotated[str, typer.Option(help="What it is for: shown in the list of tokens.")] = "command line",
    as_json: AsJson = False,
) -> None:
    """Make one more API token for an agent, and print it once."""
    from escalation import staff

    with _database() as database, database.write() as session:
        agent = staff.find(session, email)
        token, secret = staff.make_token(session, staff.COMMAND_LINE, agent, name.strip()[:100])
        told = {"id": token.id, "email": agent.email, "name": token.name, "token": secret}
    if as_json:
        _print_json(told)
    else:
        print(f"API token of {told['email']} (shown this once): {secret}")


@contextmanager
def _database() -> Iterator[Database]:
    """The installation's database, migrated; what is changed there reaches a running server's inbox, too."""
    from escalation.documents import keep_in_step
    from help_center.database import Database
    from help_center.live import write_events
    from help_center.settings import load_settings

    settings = load_settings()
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    database = Database(settings.sqlalchemy_url)
    keep_in_step(database)  # before the events: documents are written first, everywhere
    database.before_commit.append(write_events)
    try:
        database.migrate(settings.data_dir)
        yield database
    finally:
        database.close()


def main() -> None:
    """The entry point: every error leaves as one line, and a status that says whose fault it was."""
    os.umask(0o077)  # what is written is the installation's own: conversations, secrets
    gc.set_threshold(
        GARBAGE, 20, 50
    )  # libraries make millions of objects that stay: looking through them again and again costs
    log_to_stderr()
    try:
        for entry in entry_points(group="parley.commands"):
            entry.load()(app)
        sys.exit(app(standalone_mode=False) or 0)  # an Exit comes back as its status
    except typer.Abort:
        sys.exit(130)
    except KeyboardInterrupt:
        complain("interrupted; what is done stays done, run it again to go on.")
        sys.exit(130)
    except BrokenPipeError:
        sys.exit(0)
    except Exception as error:
        sys.exit(_report(error))


def _report(error: Exception) -> int:
    """One line on stderr; 2 for what its user can mend, 1 for a fault of ours. Who names no command is told all of them."""
    if type(error).__name__ == "NoArgsIsHelpError":
        print(error.format_message(), file=sys.stderr)  # type: ignore[attr-defined]
        return 2
    if isinstance(error, typer.BadParameter) or hasattr(error, "format_message"):
        complain(error.format_message())
        return 2
    if isinstance(error, Mendable):
        complain(str(error))
        return 2
    from sqlalchemy.exc import SQLAlchemyError

    if isinstance(error, SQLAlchemyError):
        why = reason(getattr(error, "orig", None) or error)
        complain(f"the database cannot be used: {why}. Check PARLEY_DATABASE_URL and PARLEY_DATA_DIR.")
        return 2
    if isinstance(error, OSError) and error.filename is not None:
        complain(f"{error.filename} cannot be used ({error.strerror}): check the path and whose it is.")
        return 2
    complain(
        f"something went wrong ({type(error).__name__}: {reason(error)}). Run `parley doctor`; if it finds nothing, tell us."
    )
    return 1


def _print_json(document: Any) -> None:
    print(json.dumps(document, ensure_ascii=False, indent=2))


if __name__ == "__main__":
    main()
