"""Products that share a head with another one: other sizes and kinds of it."""

from collections.abc import Collection, Sequence

from recado.quotes.catalogue.index import MOST, Index
from recado.quotes.language import role
from recado.quotes.language.sizes import Size
from recado.quotes.language.text import WORD, key, plain, tokenise


class Kin(Index):
    """The names of all products, and which of them are related."""

    def with_head(
        self, product: int, norms: list[str], sizes: Sequence[Size] = (), *, head: str | None = None
    ) -> tuple[int, ...]:
        """Products that share a head with `product` and have all of `norms` and `sizes` ("2 de manga corta").

        `head`: the word that the customer used, if only the products of that head are meant.
        """
        words = [near[0][0] for norm in norms if (near := self.near_word(norm))]
        if len(words) < len(norms) or not (words or sizes):
            return ()
        canonical = [self.canon(word) for word in words]
        found: dict[int, None] = {}
        families = self.families_of(product)
        if head is not None:
            families = [family for near, _ in self.near(head) if (family := self.families.get(self.head(near)))]
        self.steps.charge(len(families))
        for family in families:
            fits: set[int] | None = None
            for owners in (
                *(family.words.get(word, set()) for word in canonical),
                *(family.with_size(size) for size in sizes),
            ):
                fits = set(owners) if fits is None else fits & owners
            said = frozenset(canonical)
            plainly = [number for number in self.first(fits or (), MOST) if not self.lacks_sin(family, number, said)]
            found.update(dict.fromkeys(plainly))
        return tuple(found)

    def said_whole(self, products: Sequence[int], norms: Sequence[str], sizes: Sequence[Size] = ()) -> tuple[int, ...]:
        """Those whose names the words and sizes after the head complete: "entera" does not complete "leche entera
        cruda"."""
        said = frozenset(self.canon(near[0][0]) for norm in norms if (near := self.near(norm)))
        return tuple(
            number
            for number in products
            if (said or sizes)
            and any(
                said == {*form.words} and (not sizes or _are_all(form.sizes, sizes))
                for family in self.families_of(number)
                for form in family.forms[number]
            )
        )

    def plain_kin(self, product: int) -> tuple[int, ...]:
        """Products whose name is only the head that they share with `product`: "Brownie" for "Brownie sin gluten"."""
        forms = (form for family in self.families_of(product) for form in self.without(family))
        return tuple(dict.fromkeys(form.product for form in forms))

    def nearest_kin(self, product: int, others: Sequence[int]) -> tuple[int, ...]:
        """Those of `others` that share every family with `product`: for "caja de losartán 100" not every "caja"."""
        kin = [id(family) for family in self.families_of(product)]
        return tuple(n for n in others if {id(family) for family in self.families_of(n)}.issuperset(kin))

    def siblings(self, product: int, others: Sequence[int]) -> tuple[int, ...]:
        """Those of `others` that have a name of `product` but for its numbers: "cable USB-C 3 m" for "cable USB-C
        1 m", and no "cable USB a USB-C 3 m"."""
        self.steps.charge(len(others))
        named = self._without_numbers(product)
        return tuple(n for n in others if not named.isdisjoint(self._without_numbers(n)))

    def _without_numbers(self, product: int) -> frozenset[tuple[str, ...]]:
        """The words of each name of a product that are no units."""
        known = self._skeletons.get(product)
        if known is None:
            names = (self.products[product].name, *self.products[product].aliases)
            units = self.lexicon.measures
            known = self._skeletons[product] = frozenset(
                [tuple(key(t.norm) for t in tokenise(name) if t.kind is WORD and t.norm not in units) for name in names]
            )
        return known

    def differ_in_one(self, products: Sequence[int]) -> bool:
        """Whether the names of products differ by words or by sizes, and not by both, as those of "cable XLR 5 m" and
        "cable de parlante" do."""
        names = [self.own_parts(number) for number in products]
        words, sizes = {frozenset(name.words) for name in names}, {frozenset(name.sizes) for name in names}
        own = [name - frozenset.intersection(*words) for name in words]
        sized = {any(role.SIZES in self.lexicon.roles(word) for word in name) for name in own}
        return len(words) == 1 or (len(sizes) == 1 and len(sized) == 1)  # no "collar grande" beside "collar antipulgas"

    def exchanged(self, product: int, norms: Sequence[str], others: Sequence[int]) -> tuple[int, ...]:
        """Those of `others` whose name has `norms` and else only words of `product`: "de silicona" behind "funda libro
        iPhone 13" is not of the 13 Pro."""
        said = {self.canon(near[0][0]) for norm in norms if (near := self.near_word(norm))}
        own = said.union(word for family in self._of[product] for form in family.forms[product] for word in form.words)
        forms = {n: [form.words for family in self._of[n] for form in family.forms[n]] for n in others}
        return tuple(n for n in others if any(said and said <= {*words} <= own for words in forms[n]))

    def is_told(self, product: int, norms: Sequence[str], like: int) -> bool:
        """Whether `norms` and the name of the product `like` together are the whole name of a product of two things."""
        said = {self.canon(near[0][0]) for norm in norms if (near := self.near(norm))}
        said.update(word for family in self.families_of(like) for form in family.forms[like] for word in form.words)
        forms = (form for family in self.families_of(product) for form in family.forms[product])
        names = (plain(name) for name in (self.products[product].name, *self.products[product].aliases))
        return any(said.issuperset(form.words) for form in forms if form.words) or not any(" y " in n for n in names)


def _are_all(own: Collection[Size], told: Sequence[Size]) -> bool:
    return len(own) == len(told) and all(any(size.agrees(one) for one in told) for size in own)
