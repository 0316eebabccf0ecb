"""What the server says beside the responses."""

import logging

from recado.http.server import LINES_A_MINUTE, Sampled


def test_a_sentence_of_the_librarys_is_logged_a_few_times_a_minute() -> None:
    """A stranger can have "Invalid HTTP request received." said for each of his requests; others are still heard."""
    sampled = Sampled()

    def said(sentence: str) -> bool:
        return sampled.filter(logging.makeLogRecord({"msg": sentence}))

    assert sum(said("Invalid HTTP request received.") for _ in range(1000)) == LINES_A_MINUTE
    assert said("Exception in ASGI application")
