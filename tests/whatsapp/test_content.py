"""The content of replies: Meta's limits hold for all names, and every content can be sent as plain text."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recado.simulator.interactive import Interactive, refusal_of
from recado.whatsapp.content import (
    Button,
    Buttons,
    Choice,
    Content,
    ContentError,
    DirectSend,
    List,
    ListRow,
    ListSection,
    Template,
    Text,
    as_text,
    decode,
    encode,
    parameter,
    rendered,
    shortened,
    titles,
    with_choices,
)

YES, CHANGE, NO = (
    Choice("q:7K:confirm", "✅ Sí, confirmar"),
    Choice("q:7K:change", "✏️ Cambiar"),
    Choice("q:7K:no", "❌ No"),
)
#: Emoji of several code points each, which must not be cut.
CLUSTERS = (
    "👨‍👩‍👧‍👦",
    "🇲🇽",
    "👍🏽",
    "1️⃣",
    "❤️‍🔥",
    "e\u0301",
    "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
)
NAMES = st.lists(
    st.lists(st.sampled_from([*CLUSTERS, "Zapatillas", "deportivas", " ", "x" * 30, "ñ", "*"]), min_size=1, max_size=40)
    .map("".join)
    .map(lambda name: name[:200])
    .filter(str.strip),
    min_size=1,
    max_size=10,
)


def refusal(content: Content) -> Any:
    """Why the simulated Meta refuses a content's message; None if it accepts it."""
    message = rendered(content)
    if message["type"] == "text":
        body = message["text"]["body"]
        return None if body.strip() and len(body) <= 4096 else "length"
    return refusal_of(msgspec.convert(message["interactive"], Interactive))


def test_buttons_go_out_as_the_reference_says() -> None:
    """Each field is as in Meta's reference."""
    assert rendered(with_choices("¿Confirmas?", [YES, NO])) == {
        "type": "interactive",
        "interactive": {
            "type": "button",
            "body": {"text": "¿Confirmas?"},
            "action": {
                "buttons": [
                    {"type": "reply", "reply": {"id": "q:7K:confirm", "title": "✅ Sí, confirmar"}},
                    {"type": "reply", "reply": {"id": "q:7K:no", "title": "❌ No"}},
                ]
            },
        },
    }


def test_a_list_goes_out_as_the_reference_says() -> None:
    """Each field is as in Meta's reference; empty fields are left out."""
    content = List(
        "¿Cuál?",
        (
            ListSection((ListRow("c:1", "Jean azul", "$39.90"),), "Jeans"),
            ListSection((ListRow("c:2", "Gorra"),), "Gorras"),
        ),
        label="Elegir",
    )
    assert rendered(content) == {
        "type": "interactive",
        "interactive": {
            "type": "list",
            "body": {"text": "¿Cuál?"},
            "action": {
                "button": "Elegir",
                "sections": [
                    {"title": "Jeans", "rows": [{"id": "c:1", "title": "Jean azul", "description": "$39.90"}]},
                    {"title": "Gorras", "rows": [{"id": "c:2", "title": "Gorra"}]},
                ],
            },
        },
    }


@pytest.mark.parametrize(
    ("length", "kind"), [(1, Buttons), (1024, Buttons), (1025, List), (4096, List)], ids=lambda value: str(value)
)
def test_a_text_gets_buttons_as_long_as_they_fit(length: int, kind: type) -> None:
    """Meta counts the limits in code points: an emoji is one, not four bytes."""
    content = with_choices("🙂" * length, [YES, CHANGE, NO])
    assert type(content) is kind
    assert as_text(content) == Text("🙂" * length)


def test_more_than_three_choices_are_a_list() -> None:
    """Even if the text is short. A row whose title was cut has the whole name as its description."""
    names = ["Zapatillas deportivas para correr rojas", "Jean azul", "Jean negro", "Gorra"]
    content = with_choices("¿Cuál?", [Choice(f"c:{n}", name) for n, name in enumerate(names)], plain="¿Cuál: ...?")
    assert isinstance(content, List)
    assert [(row.title, row.description) for row in content.rows] == [
        ("Zapatillas deportivas…", names[0]),
        ("Jean azul", ""),
        ("Jean negro", ""),
        ("Gorra", ""),
    ]
    assert as_text(content) == Text("¿Cuál: ...?")


@pytest.mark.parametrize(
    ("build", "problem"),
    [
        (lambda: Text(""), "the body is empty"),
        (lambda: Text("x" * 4097), "the body has 4097 characters, 4096 are allowed"),
        (lambda: Buttons("x" * 1025, (Button("a", "A"),)), "the body has 1025 characters, 1024 are allowed"),
        (lambda: Buttons("x", ()), "there are 0 buttons, 1 to 3 are allowed"),
        (lambda: Buttons("x", tuple(Button(c, c) for c in "abcd")), "there are 4 buttons, 1 to 3 are allowed"),
        (lambda: Buttons("x", (Button("a", "x" * 21),)), "the button title has 21 characters, 20 are allowed"),
        (lambda: Buttons("x", (Button("a" * 257, "A"),)), "the button id has 257 characters, 256 are allowed"),
        (lambda: Buttons("x", (Button(" a", "A"),)), "the button id begins or ends with a space"),
        (lambda: Buttons("x", (Button("a", "A"), Button("a", "B"))), "two choices have the same id or title"),
        (lambda: Buttons("x", (Button("a", "A"), Button("b", "A"))), "two choices have the same id or title"),
        (lambda: Buttons("x", (Button("a", "A"),), "x" * 4097), "the plain text has 4097 characters, 4096 are allowed"),
        (lambda: List("x", ()), "there are 0 rows, 1 to 10 are allowed"),
        (lambda: List("x", (ListSection(()), ListSection((ListRow("a", "A"),), "B"))), "the section title is empty"),
        (
            lambda: List("x", (ListSection((ListRow("a", "A"),)),), label="x" * 21),
            "the label has 21 characters, 20 are allowed",
        ),
        (
            lambda: List("x", (ListSection((ListRow("a", "x" * 25),)),)),
            "the row title has 25 characters, 24 are allowed",
        ),
        (
            lambda: List("x", (ListSection((ListRow("a" * 201, "A"),)),)),
            "the row id has 201 characters, 200 are allowed",
        ),
        (
            lambda: List("x", (ListSection((ListRow("a", "A", "x" * 73),)),)),
            "the row description has 73 characters, 72 are allowed",
        ),
        (
            lambda: List("x", (ListSection(tuple(ListRow(str(n), str(n)) for n in range(11))),)),
            "there are 11 rows, 1 to 10 are allowed",
        ),
    ],
)
def test_what_meta_would_refuse_cannot_be_built(build: Any, problem: str) -> None:
    """The error names the problem."""
    with pytest.raises(ContentError, match=problem):
        build()


def test_one_error_names_every_problem() -> None:
    """So that they can be fixed in one go."""
    with pytest.raises(ContentError) as error:
        Buttons("", (Button("", "x" * 21),))
    assert str(error.value) == (
        "the body is empty; the button id is empty; the button title has 21 characters, 20 are allowed"
    )


@settings(max_examples=300)
@given(names=NAMES, length=st.integers(1, 4096), described=st.booleans())
def test_no_content_exceeds_the_limits(names: list[str], length: int, described: bool) -> None:
    """Names of 200 characters, emoji, texts of any length: Meta accepts the content, and the store returns it
    unchanged."""
    choices = [Choice(f"c:{n}", name, name if described else "") for n, name in enumerate(names)]
    content = with_choices(("l\n" * 2048)[: length - 1] + "x", choices)
    assert refusal(content) is None
    assert decode(encode(content)) == content
    assert refusal(as_text(content)) is None


@settings(max_examples=300)
@given(names=NAMES, limit=st.sampled_from([20, 24]))
def test_titles_are_short_unique_and_whole(names: list[str], limit: int) -> None:
    """No two titles are equal, and no accent, flag or family emoji is cut in two."""
    short = titles(tuple(names), limit)
    assert len(set(short)) == len(short)
    for title in short:
        assert 0 < len(title) <= limit
        assert title == title.strip()
    for name, title in zip(names, short, strict=True):
        head = title.partition("…")[0]
        rest = " ".join(name.split()).removeprefix(head)
        whole = len(" ".join(name.split())) <= limit
        assert (
            whole or not rest.startswith(("\u200d", "\ufe0f", "\u20e3", "\u0301", "🏽", "🇽", "\U000e0067")) or not head
        )


def test_names_are_cut_at_a_word() -> None:
    """Whole words stay, and names that differ at the end stay distinguishable."""
    assert shortened("Zapatillas deportivas running", 24) == "Zapatillas deportivas…"
    assert shortened("Impermeabilizante acrílico", 20) == "Impermeabilizante…"
    assert shortened("Otorrinolaringológicamente", 20) == "Otorrinolaringológi…"
    assert titles(("Zapatillas deportivas rojas", "Zapatillas deportivas azules"), 20) == (
        "Zapatillas… rojas",
        "Zapatillas… azules",
    )
    assert titles(("Jean azul", "Jean azul", "Jean azul"), 20) == ("Jean azul", "Jean azul 2", "Jean azul 3")


@pytest.mark.parametrize("cluster", CLUSTERS)
def test_what_is_seen_as_one_character_is_never_cut(cluster: str) -> None:
    """Wherever the cut falls."""
    for before in range(24):
        cut = shortened("x" * before + cluster * 30, 24)
        assert len(cut) <= 24
        assert cut.removesuffix("…").lstrip("x").replace(cluster, "") == ""


def test_a_template_goes_out_as_the_reference_says() -> None:
    """Each field is as in Meta's reference, also after the queue has stored it as JSON."""
    content = decode(
        encode(Template("recado_cotizacion_lista", "es", {"products": "2", "total": "$117.48"}, "q:7K3M9QX2TB:show"))
    )

    assert rendered(content) == {
        "type": "template",
        "template": {
            "name": "recado_cotizacion_lista",
            "language": {"code": "es"},
            "components": [
                {"type": "body", "parameters": [{"type": "text", "text": "2"}, {"type": "text", "text": "$117.48"}]},
                {
                    "type": "button",
                    "sub_type": "quick_reply",
                    "index": "0",
                    "parameters": [{"type": "payload", "payload": "q:7K3M9QX2TB:show"}],
                },
            ],
        },
    }
    assert rendered(Template("aviso", "es_MX")) == {
        "type": "template",
        "template": {"name": "aviso", "language": {"code": "es_MX"}},
    }


@pytest.mark.parametrize("value", ["", "  ", "dos\nlíneas", "tab\t", "a     b", "x" * 1025])
def test_meta_would_refuse_such_a_parameter(value: str) -> None:
    """`Template` refuses it, and `parameter` changes it so that it fits, unless it is empty."""
    with pytest.raises(ContentError, match="parameter b"):
        Template("aviso", "es", {"a": "2", "b": value})
    if value.strip():
        Template("aviso", "es", {"b": parameter(value)})


@pytest.mark.parametrize(("name", "language"), [("Aviso", "es"), ("", "es"), ("aviso", "es-MX"), ("aviso", "")])
def test_a_template_has_a_name_and_a_language_of_metas_form(name: str, language: str) -> None:
    """Another spelling names another template, or none."""
    with pytest.raises(ContentError):
        Template(name, language)


def test_direct_send_is_the_message_with_its_category() -> None:
    """Meta makes the template, so its body may be as long as a template's."""
    inner = with_choices("¿Confirmas?", [YES, NO])
    assert isinstance(inner, Buttons)
    assert rendered(DirectSend(inner)) == {**rendered(inner), "category": "utility"}
    with pytest.raises(ContentError):
        DirectSend(Text("x" * 1025))


@pytest.mark.parametrize("content", [Template("aviso", "es"), DirectSend(Text("hola"))])
def test_what_is_sent_outside_the_window_has_no_other_form(content: Content) -> None:
    """Outside the window Meta accepts no plain text."""
    assert as_text(content) == content
