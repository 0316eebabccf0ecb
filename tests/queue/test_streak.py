"""When recado stops repeating itself to a customer."""

import itertools

import pytest

from recado.delivery.channels.whatsapp import NAME
from recado.queue.model import Lane, NewReply, Restraint
from recado.queue.operations.customers import (
    ALBUM_SECONDS,
    FORGOTTEN_SECONDS,
    MAX_ALIKE,
    MAX_ALIKE_QUOTES,
    MAX_COURTESIES,
    STRANGER,
    count_in_minute,
    follow_streak,
)
from recado.ratelimit import Allowance
from recado.whatsapp.content import Choice, Content, Text, with_choices


def message(
    text: str | Content = "gracias", at: float = 1000.0, *, courtesy: bool = True, picture: bool = False
) -> NewReply:
    return NewReply(
        wamid="w",
        lane=Lane(NAME, "1"),
        key="1:+1",
        phone="+1",
        user_id=None,
        content=Text(text) if isinstance(text, str) else text,
        written_at=at,
        received_at=at,
        deadline_at=at + 86400,
        courtesy=courtesy,
        picture=picture,
    )


def restraints(messages: list[NewReply]) -> list[Restraint | None]:
    """The restraints on one customer's replies, one after the other."""
    streak = STRANGER
    found = []
    for one in messages:
        streak, restraint = follow_streak(streak, one)
        found.append(restraint)
    return found


def test_the_same_courtesy_is_sent_a_few_times() -> None:
    """After that recado is silent until it has something different to say."""
    found = restraints([message(at=1000.0 + 10 * n) for n in range(50)])
    assert found == [None] * MAX_ALIKE + [Restraint.REPETITIVE] * (50 - MAX_ALIKE)


@pytest.mark.parametrize("other", [message("quote", courtesy=False), message("hola")])
def test_something_different_ends_the_silence(other: NewReply) -> None:
    """A different reply is sent, and the count of the earlier courtesy begins again."""
    found = restraints([message()] * (MAX_ALIKE + 2) + [other, message()])
    assert found[MAX_ALIKE:] == [Restraint.REPETITIVE] * 2 + [None] * 2


def test_courtesies_that_differ_come_to_an_end_too() -> None:
    """A bot that writes the time, or two alternating messages, gets no endless replies."""
    found = restraints([message(f"es la {n}") for n in range(50)])
    assert found == [None] * MAX_COURTESIES + [Restraint.REPETITIVE] * (50 - MAX_COURTESIES)


def test_the_same_quote_comes_to_an_end_later() -> None:
    """A bot's menu may be read as an order."""
    found = restraints([message("Total: 1", courtesy=False) for _ in range(50)])
    assert found == [None] * MAX_ALIKE_QUOTES + [Restraint.REPETITIVE] * (50 - MAX_ALIKE_QUOTES)


def test_buttons_do_not_make_the_same_quote_another() -> None:
    """Their ids contain the quote's token, which is different for each quote."""
    quotes = [with_choices("Total: 1", [Choice(f"q:token{n}:confirm", "Sí")]) for n in range(50)]
    found = restraints([message(quote, courtesy=False) for quote in quotes])
    assert found == [None] * MAX_ALIKE_QUOTES + [Restraint.REPETITIVE] * (50 - MAX_ALIKE_QUOTES)


def test_orders_are_never_too_many() -> None:
    """Different orders always get replies."""
    texts = itertools.islice(itertools.cycle(["one", "two"]), 50)
    assert set(restraints([message(text, courtesy=False) for text in texts])) == {None}


def test_a_customer_who_comes_back_later_is_greeted_again() -> None:
    """The times of writing count; messages of hours may arrive at once."""
    later = [message(at=1000.0 + n * (FORGOTTEN_SECONDS + 1)) for n in range(20)]
    assert set(restraints(later)) == {None}


def test_an_album_gets_one_reply() -> None:
    """Its pictures arrive one by one, in any order, perhaps with words; a later picture is not part of the album."""
    album = [message(at=1000.0 + n, picture=True) for n in (3, 0, 9, 1, 20, 33)]
    assert restraints(album) == [None] + [Restraint.ALBUM] * 5
    beside = [message("quote", courtesy=False), message(at=1002.0, picture=True)]
    assert restraints(beside) == [None, Restraint.ALBUM]
    apart = [message(at=1000.0 + n * (ALBUM_SECONDS + 1), picture=True) for n in range(2)]
    assert restraints(apart) == [None, None]


def allowances(times: list[float], most: int) -> list[Allowance]:
    """How messages of these times compare with a limit."""
    streak, found = STRANGER, []
    for at in times:
        streak, allowance = count_in_minute(streak, message(at=at), most)
        found.append(allowance)
    return found


def test_the_first_message_over_the_limit_is_told_apart() -> None:
    """Only this message gets the reply that asks for patience."""
    within, just_over, over = Allowance.WITHIN, Allowance.JUST_OVER, Allowance.OVER
    assert allowances([1200.0 + n for n in range(4)], 2) == [within, within, just_over, over]


def test_messages_count_in_the_minute_in_which_they_were_written() -> None:
    """Messages of hours that arrive at once are within the limit if they were at the time of writing."""
    assert set(allowances([30.0 * n for n in range(100)], 2)) == {Allowance.WITHIN}


def test_zero_is_no_limit() -> None:
    """With a limit of 0, any number of messages is allowed."""
    assert set(allowances([1200.0] * 100, 0)) == {Allowance.WITHIN}
