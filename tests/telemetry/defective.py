"""`recado` with a defect: a text with `STUMBLES` makes the reader raise, with the customer's words in the exception.

Its first argument is a file with the number of seconds by which its clock is ahead.
"""

import sys
import time
from pathlib import Path

if __name__ == "__main__":  # before other modules import the clock
    ahead, right = float(Path(sys.argv.pop(1)).read_text()), time.time
    if ahead:
        time.time = lambda: right() + ahead

from recado.cli import main
from recado.quotes import Quote, QuoteService
from recado.quotes.script.clauses import Script

STUMBLES = "tropezon"

if __name__ == "__main__":
    understand = QuoteService.understand

    def defective(service: QuoteService, text: str) -> tuple[Quote, Script]:
        if STUMBLES in text:
            raise ValueError(text)
        return understand(service, text)

    QuoteService.understand = defective  # type: ignore[method-assign, assignment]  # that is the defect
    main()
