"""Finding handoffs: words in any script, filters, pages, and that neither grows with the past."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy
from sqlalchemy import event, select, text

from escalation import documents, finding, fulltext
from escalation.finding import Wanted
from escalation.seen import lines
from escalation.terms import Question, question, terms
from help_center import document_tables
from help_center.conversations import Conversation, Handoff, Note, add_message, locked
from help_center.database import Database, new_id, now
from help_center.desk import ConversationLabel, Mention, Team
from help_center.document_tables import HandoffDocument
from help_center.people import Customer

# Text into terms


@pytest.mark.parametrize(
    ("written", "asked"),
    [
        ("Größe in ZÜRICH", "grosse zurich"),
        ("Łódź, İzmir", "lodz izmir"),
        ("l’école d'Été", "ecole ete"),
        ("order A-1234, please", "a-1234"),
        ("order A–1234 (dash)", "A-1234"),
        ("#AX-4711/b", "AX-4711"),
        ("write to Kim.Lee+x@mail.example.org", "kim.lee+x@mail.example.org"),
        ("write to Kim.Lee+x@mail.example.org", "lee example"),
        ("東京都に行きたい", "京都"),
        ("東京都に行きたい", "都"),
        ("हिन्दी में लिखो", "हिन्दी"),
        ("สวัสดีครับ", "สวัสดี"),
        ("한국어를 배워요", "한국"),
        ("مُحَمَّد", "محمد"),
        ("version 3.5 of v_2", "3.5 v_2"),
    ],
)
def test_what_was_written_is_found_by_what_is_asked(written, asked):
    assert _meets(question(asked), terms([written]))


@pytest.mark.parametrize(
    ("written", "asked"),
    [
        ("an A here and 1234 there", "A-1234"),
        ("kim at example.org", "kim@example.org"),
        ("invoices", "invo paid"),
        ("the word in full", "wor full"),  # only the last word may be a beginning
        ("京 and 都 apart", "京都"),
    ],
)
def test_what_was_not_written_is_not_found(written, asked):
    assert not _meets(question(asked), terms([written]))


def _meets(asked: Question, there: list[str]) -> bool:
    begins = asked.prefix is None or any(term.startswith(asked.prefix) for term in there)
    return bool(asked) and begins and all(term in there for term in asked.terms)


def test_terms_hold_nothing_that_a_query_language_reads():
    odd = 'a\'b "c" d:e* f\\g (h) & | ! <-> ~i =s.open %j\0k ' + "x" * 500
    for term in [*terms([odd]), *question(odd).terms]:
        assert re.fullmatch(r"[\w\-.@+/]{1,80}", term)


# Words


def ids(client, ada, **query):
    answer = client.get("/api/handoffs", params=query, headers=ada.headers)
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json()["items"]]


@pytest.fixture
def everywhere(house, ada):
    """A handoff with a word of its own in each place that is searched."""
    conversation = house.conversation(
        "I wrote xmessage",
        name="Xavier Xname",
        email="x@xmail.example",
        contact_email="reply@xcontact.example",
    )
    id = house.waiting("xquestion?", conversation_id=conversation, summary="xsummary", customer_note="xwish")
    with house.database.write() as session:
        session.add(
            Note(id=new_id("note"), handoff_id=id, agent_id=ada.id, author="Ada", text="xnote of a colleague")
        )
        session.add(ConversationLabel(conversation_id=conversation, label="xlabel"))
    house.waiting("Another matter")
    return id


WORDS = [
    "xmessage",
    "XNAME",
    "x@xmail.example",
    "reply@xcontact.example",
    "xquestion",
    "xsummary",
    "xwish",
    "xnote",
    "xlabel",
    "xlab",
]


def test_a_word_is_found_wherever_agents_can_read_it(client, everywhere, ada):
    for word in WORDS:
        assert ids(client, ada, q=word) == [everywhere], word
        assert ids(client, ada, q=f"xavier {word}") == [everywhere], word
        assert ids(client, ada, q=f"{word} nowhere") == [], word


def test_what_agents_may_not_read_is_not_found_either(client, house, ada):
    account = "GB82 WEST 1234 5698 7654 32"
    house.waiting(conversation_id=house.conversation(f"Pay to {account} please"), question="Where is it?")
    assert ids(client, ada, q="WEST") == []
    assert len(ids(client, ada, q="pay please")) == 1


def test_what_is_said_later_is_found_at_once_and_what_is_taken_away_no_more(client, house, ada):
    id = house.waiting()
    conversation = house.conversation_of(id).id
    assert ids(client, ada, q="unicorn") == []
    with house.database.write() as session:
        add_message(session, locked(session, conversation), "customer", "It is about my unicorn")
        session.add(ConversationLabel(conversation_id=conversation, label="urgent matter"))
    assert ids(client, ada, q="unicorn urgent") == ids(client, ada, label="Urgent matter") == [id]
    with house.database.write() as session:
        session.delete(session.get_one(ConversationLabel, (conversation, "urgent matter")))
        customer = session.get_one(Customer, session.get_one(Conversation, conversation).customer_id)
        customer.name = "Renamed Person"
    assert ids(client, ada, q="unicorn urgent") == ids(client, ada, label="urgent matter") == []
    assert ids(client, ada, q="renamed") == [id]


def test_a_label_that_an_agent_takes_off_is_off_the_list(client, house, ada):
    id = house.waiting()
    client.post(f"/api/handoffs/{id}/labels", json={"add": ["refund"]}, headers=ada.headers)
    assert ids(client, ada, label="refund") == [id]
    client.post(f"/api/handoffs/{id}/labels", json={"remove": ["refund"]}, headers=ada.headers)
    assert ids(client, ada, label="refund") == []


def test_a_statement_that_loads_nothing_says_what_it_touched(client, house, ada):
    id = house.waiting("walrus")
    here = Handoff.id == id
    with house.database.write() as session:
        session.execute(sqlalchemy.update(Handoff).where(here).values(question="octopus"))
        documents.touch(session, "conversation", house.conversation_of(id).id)
    assert ids(client, ada, q="octopus") == [id]
    assert house.handoff(id).question == "octopus"


def test_a_step_that_fails_leaves_the_index_as_it_was(client, house, ada):
    id = house.waiting()

    def fail() -> None:
        with house.database.write() as session:
            add_message(session, locked(session, house.conversation_of(id).id), "customer", "unicorn")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert ids(client, ada, q="unicorn") == []


def test_who_is_erased_is_erased_from_the_index(client, house, ada):
    gone, stays = house.waiting("unicorn one"), house.waiting("unicorn two")
    conversation = house.conversation_of(gone).id
    with house.database.write() as session:
        session.execute(sqlalchemy.delete(Conversation).where(Conversation.id == conversation))
    assert ids(client, ada, q="unicorn") == [stays]
    with house.database.write() as session:
        assert session.scalars(select(HandoffDocument.handoff_id)).all() == [stays]
        if not house.database.is_postgres:
            check = "INSERT INTO handoff_terms(handoff_terms) VALUES ('integrity-check')"
            session.execute(text(check))  # raises where index and documents differ


# Order and pages


@pytest.fixture
def many(house, ada):
    """Ids of nine handoffs from the newest to the oldest: every third is resolved, every other with a unicorn."""
    made = [house.waiting(f"number {n} {'unicorn' if n % 2 else 'walrus'} thing") for n in range(9)]
    with house.database.write() as session:
        for id in made[::3]:
            session.get_one(Handoff, id).status = "resolved"
    return made[::-1]


def walk(client, ada, **query):
    seen, cursor = [], None
    while True:
        more = {"cursor": cursor} if cursor else {}
        page = client.get("/api/handoffs", params=query | more | {"limit": 2}, headers=ada.headers).json()
        seen += [item["id"] for item in page["items"]]
        cursor = page["next"]
        if cursor is None:
            return seen


def test_a_search_is_the_newest_first_page_by_page(client, many, ada):
    assert walk(client, ada, q="unicorn") == many[1::2]
    assert walk(client, ada, q="thing") == many
    assert walk(client, ada, q="thing", status="resolved") == many[2::3]
    assert walk(client, ada, q="thing", status="open") == [id for id in many if id not in many[2::3]]


def test_a_search_reads_on_where_the_newest_ones_are_not_enough(client, many, ada, monkeypatch):
    monkeypatch.setattr(fulltext, "NEWEST", 2)
    monkeypatch.setattr(fulltext, "SAMPLE", 2)
    assert walk(client, ada, q="unicorn") == many[1::2]
    assert (
        walk(client, ada, q="thing un") == many[1::2]
    )  # a beginning so common that the index is not asked for it
    assert walk(client, ada, q="thing wa") == many[::2]
    assert walk(client, ada, q="t") == many


def test_a_cursor_of_another_list_is_refused(client, many, ada):
    search = client.get("/api/handoffs", params={"q": "thing", "limit": 1}, headers=ada.headers).json()[
        "next"
    ]
    queue = client.get("/api/handoffs", params={"status": "open", "limit": 1}, headers=ada.headers).json()[
        "next"
    ]
    for query in ({"cursor": search}, {"cursor": search, "status": "open"}, {"cursor": queue, "q": "thing"}):
        answer = client.get("/api/handoffs", params=query, headers=ada.headers)
        assert answer.status_code == 422, query
        assert "cursor" in answer.json()["detail"]


def test_a_conversation_of_endless_words_can_still_be_written_to(house, ada):
    """PostgreSQL takes a mebibyte of terms; what it refused could be neither claimed nor closed."""
    id = house.waiting("first of all")
    with house.database.write() as session:
        conversation = locked(session, house.handoff(id).conversation_id)
        for number in range(60):
            words = (f"{chr(0x10330 + word % 26) * 70}{number}x{word}" for word in range(100))
            add_message(session, conversation, "customer", " ".join(words))
    with house.database.read() as session:
        assert [one.id for one in finding.page(session, Wanted(q="first"), 10, None).handoffs] == [id]


def test_of_a_very_long_conversation_the_beginning_is_found(house, monkeypatch):
    monkeypatch.setattr(documents, "MOST_CHARACTERS", 100)
    id = house.waiting("early")
    with house.database.write() as session:
        conversation = locked(session, house.handoff(id).conversation_id)
        for text in ("x" * 100, "late"):
            add_message(session, conversation, "customer", text)
    with house.database.read() as session:
        found = {q: len(finding.page(session, Wanted(q=q), 10, None).handoffs) for q in ("early", "late")}
    assert found == {"early": 1, "late": 0}


def test_a_message_makes_no_more_of_a_long_conversation_new_than_fits(house, monkeypatch):
    read = []

    def noted(texts):
        texts = list(texts)
        read.append(sum(len(text or "") for text in texts))
        return terms(texts)

    monkeypatch.setattr(documents, "terms", noted)
    id = house.waiting("early")
    for number in range(20):
        with house.database.write() as session:
            conversation = locked(session, house.handoff(id).conversation_id)
            add_message(session, conversation, "customer", f"{number} " + "parcel late " * 650)
    assert max(read) < documents.MOST_CHARACTERS + 10_000 < 20 * 650 * 12


# Filters


@pytest.fixture
def desk(house, ada, ben):
    """Handoffs by name, each with something of its own."""
    made = {
        name: house.waiting(f"{name} matter")
        for name in ("plain", "team", "label", "late", "asleep", "mine", "over")
    }
    made["urgent"] = house.waiting("urgent matter", reasons=["negative_sentiment", "sensitive_topic"])
    made["german"] = house.waiting("german matter", language="de")
    with house.database.write() as session:
        session.add(Team(id="team_1", name="Billing"))
        rows = {name: session.get_one(Handoff, id) for name, id in made.items()}
        rows["team"].team_id = "team_1"
        session.add(ConversationLabel(conversation_id=rows["label"].conversation_id, label="à b"))
        rows["late"].due_at = now() - timedelta(minutes=1)
        rows["asleep"].snoozed_until = now() + timedelta(hours=1)
        rows["mine"].status, rows["mine"].assignee_id = "claimed", ada.id
        rows["over"].status, rows["over"].ended_at = "resolved", now()
        note = Note(id=new_id("note"), handoff_id=made["over"], agent_id=ben.id, author="Ben", text="@Ada")
        session.add(note)
        session.flush()
        session.add(Mention(note_id=note.id, agent_id=ada.id, handoff_id=made["over"]))
    return made


AWAKE = {"plain", "team", "label", "late", "mine", "urgent", "german"}


FILTERS = [
    ({"team": "team_1"}, {"team"}),
    ({"label": "À b"}, {"label"}),
    ({"priority": "urgent"}, {"urgent"}),
    ({"language": "DE"}, {"german"}),
    ({"assignee": "me"}, {"mine"}),
    ({"status": "open"}, AWAKE),
    ({"status": "waiting"}, AWAKE - {"mine"}),
    ({"status": "claimed"}, {"mine"}),
    ({"status": "resolved"}, {"over"}),
    ({"view": "overdue"}, {"late"}),
    ({"view": "snoozed"}, {"asleep"}),
    ({"view": "unassigned"}, AWAKE - {"mine"}),
    ({"view": "mentions"}, {"over"}),
    ({"view": "mentions", "status": "open"}, set()),
    ({"status": "open", "team": "team_1"}, {"team"}),
    ({"status": "open", "label": "à b"}, {"label"}),
    ({"status": "open", "language": "de"}, {"german"}),
    ({"status": "waiting", "assignee": "me"}, set()),
    ({"status": "resolved", "view": "overdue"}, set()),
    ({"status": "resolved", "priority": "normal"}, {"over"}),
]


def test_each_filter_alone_and_with_words(client, desk, ada):
    for query, names in FILTERS:
        wanted = {desk[name] for name in names}
        assert set(ids(client, ada, **query)) == wanted, query
        put_away = query in ({"status": "open"}, {"status": "waiting"}, {"view": "unassigned"})
        asleep = {desk["asleep"]} if put_away else set()  # a search finds it
        assert set(ids(client, ada, q="matter", **query)) == wanted | asleep, query
        assert ids(client, ada, q="elsewhere", **query) == [], query


def test_counts_are_of_the_whole_queue(client, desk, ada):
    counts = client.get("/api/handoffs", params={"q": "plain", "limit": 1}, headers=ada.headers).json()[
        "counts"
    ]
    expected = {
        "waiting": 6,
        "mine": 1,
        "overdue": 1,
        "snoozed": 1,
        "unassigned": 6,
        "open": 7,
        "mentions": 1,
    }
    assert counts == expected


# What was there before


def forget(database):
    with database.write() as session:
        session.execute(sqlalchemy.update(HandoffDocument).values(terms=None))


def test_what_was_there_before_is_read_by_a_job_the_newest_first(client, house, ada, monkeypatch):
    monkeypatch.setattr(documents, "AT_ONCE", 2)
    made = [house.waiting(f"unicorn {n}") for n in range(5)]
    forget(house.database)
    answer = client.get("/api/handoffs", params={"q": "unicorn"}, headers=ada.headers).json()
    assert (answer["items"], answer["unread"]) == ([], 5)
    assert ids(client, ada, status="waiting") == made  # the queue itself is there all the same
    assert documents.read_older(house.database, seconds=0) == 2
    assert ids(client, ada, q="unicorn") == [made[4], made[3]]
    assert documents.read_older(house.database, seconds=60) == 3
    answer = client.get("/api/handoffs", params={"q": "unicorn"}, headers=ada.headers).json()
    assert ([item["id"] for item in answer["items"]], answer["unread"]) == (made[::-1], 0)


def test_the_job_does_not_write_over_what_changed_while_it_read(client, house, ada):
    id = house.waiting()
    forget(house.database)
    written = []

    def meanwhile():
        if not written:
            written.append(True)
            with house.database.write() as session:
                add_message(session, locked(session, house.conversation_of(id).id), "customer", "unicorn")

    original = documents.documents

    def slow(session, handoffs):
        made = original(session, handoffs)
        meanwhile()
        return made

    documents.documents = slow
    try:
        documents.read_older(house.database)
    finally:
        documents.documents = original
    assert ids(client, ada, q="unicorn") == [id]


# That nothing grows with the past


@contextmanager
def statements(database: Database) -> Iterator[list[tuple[str, object]]]:
    seen: list[tuple[str, object]] = []

    def note(_connection, _cursor, statement, parameters, _context, _many):
        seen.append((statement, parameters))

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(database.engine, "before_cursor_execute", note)


LISTS = [
    Wanted(),
    Wanted(status="open"),
    Wanted(status="waiting", team="team_1", label="à b", language="de"),
    Wanted(status="claimed", assignee="agent_1", priority="high"),
    Wanted(status="resolved"),
    Wanted(view="overdue"),
    Wanted(view="snoozed", q="matter"),
    Wanted(view="mentions", mentioned="a"),
    Wanted(q="matter"),
    Wanted(q="german matter", status="open"),
    Wanted(label="à b", language="de", assignee="none"),
]


def test_no_list_reads_a_whole_table(desk, database, ada, monkeypatch):
    monkeypatch.setattr(fulltext, "NEWEST", 2)  # so that the index is asked
    for wanted in LISTS:
        _has_good_plans(database, wanted, ada)


def _has_good_plans(database, wanted, ada):
    with statements(database) as seen, database.read() as session:
        finding.page(session, wanted, 2, None)
        finding.counts(session, ada.viewer)
        documents.unread(session)
    plans = []
    with database.engine.connect() as connection:
        if database.is_postgres:
            connection.exec_driver_sql(
                "SET enable_seqscan = off"
            )  # a table of nine rows is read whole otherwise
        for statement, parameters in seen:
            if statement.lstrip().startswith(
                ("SELECT number", "SELECT hand", "WITH", "SELECT rowid", "SELECT coalesce")
            ):
                explain = "EXPLAIN " if database.is_postgres else "EXPLAIN QUERY PLAN "
                rows = connection.exec_driver_sql(explain + statement, parameters)
                plans.append("\n".join(str(row[-1]) for row in rows))
    assert plans
    for plan in plans:
        assert not re.search(r"Seq Scan on (handoffs|messages|handoff_documents)", plan), plan
        assert not re.search(r"SCAN (handoffs|messages|handoff_documents)(?! USING)", plan), plan
    if wanted.of_open and not wanted.q and not database.is_postgres:
        assert "ix_handoffs_served" in plans[0]


def test_a_longer_page_costs_no_more_queries(database, desk, house):
    asked = []
    for more in (0, 6):
        for _ in range(more):
            house.waiting()
        with statements(database) as seen, database.read() as session:
            page = finding.page(session, Wanted(status="open"), 50, None)
            assert len(lines(session, page.handoffs)) == len(AWAKE) + more
        asked.append(len(seen))
    assert asked[0] == asked[1]


# The tables


def test_the_migration_makes_the_index_that_the_tables_come_with(tmp_path: Path):
    migrated = Database(f"sqlite:///{tmp_path / 'migrated.db'}")
    migrated.migrate(tmp_path)
    made = Database(f"sqlite:///{tmp_path / 'made.db'}")
    document_tables.Base.metadata.create_all(made.engine)
    query = text(
        "SELECT name, sql FROM sqlite_master WHERE name LIKE 'handoff_terms' OR type = 'trigger' ORDER BY name"
    )
    found = []
    for database in (migrated, made):
        with database.read() as session:
            found.append(session.execute(query).all())
        database.close()
    assert found[0] == found[1]
    assert len(found[0]) == 4
