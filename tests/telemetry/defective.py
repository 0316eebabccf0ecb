"""`recado` with a defect: a text with `STUMBLES` makes the reader raise, with the customer's words in the exception."""

from recado.cli import main
from recado.quotes import Quote, QuoteService

STUMBLES = "tropezon"

if __name__ == "__main__":
    quote = QuoteService.quote

    def defective(service: QuoteService, text: str) -> Quote:
        if STUMBLES in text:
            raise ValueError(text)
        return quote(service, text)

    QuoteService.quote = defective  # type: ignore[method-assign, assignment]  # that is the defect
    main()
