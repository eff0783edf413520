"""Texts and numbers as hospitals really send them, none of them a BSN: each kind by chance but repeatably.

Only the kinds that hold nine digits by themselves can be taken for a BSN; the others are here to show that they are not.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

LETTERS = "ABCDEFGHJKLMNPRSTVXZ"
BANKS = ("ABNA", "INGB", "RABO", "SNSB", "TRIO")
MONTHS = ("januari", "februari", "maart", "april", "mei", "juni", "juli", "augustus", "september", "oktober", "november", "december")
SENTENCES = (
    "Sinds {date} heb ik last van mijn rug, vooral na {n} minuten zitten.",
    "Ik slik {n} keer per dag {dose} mg paracetamol en soms {dose} mg ibuprofen.",
    "U kunt mij bellen op {phone}, liefst na {time}.",
    "Mijn fysiotherapeut in {postcode} Utrecht zag mij op {date}.",
    "De MRI van {date} (nr. {short}) liet een hernia L{one}-L{two} zien.",
    "Ik fiets {n} km naar mijn werk, dat gaat {n} van de {n} dagen goed.",
    "Op {day} {month} {year} ben ik geopereerd; sindsdien gaat het {n} % beter.",
    "Mijn verzekering vergoedt {n} behandelingen, de rekening was {euro} euro.",
    "Bloeddruk {pressure}, gewicht {n},{one} kg, lengte 1,{n} m.",
    "Zie brief {letter} van de huisarts, tel. {phone}.",
)


def digits(chance: Random, count: int) -> str:
    """So many digits, the first of them no nought."""
    return str(chance.randint(10 ** (count - 1), 10**count - 1))


def phone(chance: Random) -> str:
    """A Dutch telephone number in one of the ways people write it."""
    mobile = digits(chance, 8)
    area, local = digits(chance, 2), digits(chance, 7)
    return chance.choice([
        f"06{mobile}", f"06-{mobile}", f"06 {mobile[:2]} {mobile[2:4]} {mobile[4:6]} {mobile[6:]}", f"+316{mobile}", f"+31 6 {mobile}",
        f"+31 6{mobile}", f"+31(0)6{mobile}", f"00316{mobile}", f"0{area}-{local}", f"0{area} {local[:3]} {local[3:5]} {local[5:]}",
        f"(0{area}) {local}",
    ])  # fmt: skip


def date(chance: Random) -> str:
    """A date in one of the ways people and software write it."""
    day, month, year = chance.randint(1, 28), chance.randint(1, 12), chance.randint(1930, 2025)
    return chance.choice([
        f"{day}-{month}-{year}", f"{day:02}-{month:02}-{year}", f"{day} {MONTHS[month - 1]} {year}", f"{year}-{month:02}-{day:02}",
        f"{year}{month:02}{day:02}", f"{day:02}.{month:02}.{year}", f"{year}{month:02}{day:02}{chance.randint(0, 235959):06}",
    ])  # fmt: skip


def postcode(chance: Random) -> str:
    """A Dutch postcode."""
    return digits(chance, 4) + chance.choice(["", " "]) + "".join(chance.choices(LETTERS, k=2))


def iban(chance: Random) -> str:
    """An IBAN, in one piece or in groups of four."""
    whole = f"NL{chance.randint(2, 98):02}{chance.choice(BANKS)}0{digits(chance, 9)}"
    return chance.choice([whole, " ".join(whole[at : at + 4] for at in range(0, 18, 4))])


def sentence(chance: Random) -> str:
    """What a patient writes in an open field."""
    return chance.choice(SENTENCES).format(
        date=date(chance), n=chance.randint(2, 99), dose=chance.choice([200, 400, 500, 1000]), phone=phone(chance),
        short=digits(chance, 7),
        time=f"{chance.randint(8, 20)}:{chance.randint(0, 59):02}", postcode=postcode(chance), one=chance.randint(1, 4),
        two=chance.randint(2, 5),
        day=chance.randint(1, 28), month=chance.choice(MONTHS), year=chance.randint(1990, 2025),
        euro=f"{chance.randint(20, 900)},{digits(chance, 2)}",
        pressure=f"{chance.randint(100, 180)}/{chance.randint(60, 110)}", letter=f"{digits(chance, 4)}/{chance.randint(10, 25)}",
    )  # fmt: skip


def rsin(chance: Random) -> str:
    """The number of a legal person (RSIN), which obeys the same eleven-test."""
    while True:
        first = digits(chance, 8)
        last = sum(weight * int(digit) for weight, digit in zip(range(9, 1, -1), first, strict=True)) % 11
        if last < 10:
            return f"{first}{last}"


TEXTS: dict[str, Callable[[Random], str]] = {
    "sentences of patients": sentence,
    "telephone numbers": phone,
    "dates and times": date,
    "postcodes": postcode,
    "IBANs": iban,
    "AGB, URA or KvK numbers (8 digits)": lambda chance: f"nummer {digits(chance, 8)}",
    "BIG numbers (11 digits)": lambda chance: f"BIG {digits(chance, 11)}",
    "VAT numbers": lambda chance: f"NL{digits(chance, 9)}B01",
    "letters and nine digits": lambda chance: f"ORD{digits(chance, 9)}",
    "long ids (10 to 20 digits)": lambda chance: f"id {digits(chance, chance.randint(10, 20))}",
    "short ids (4 to 8 digits)": lambda chance: f"dossier {digits(chance, chance.randint(4, 8))}",
    "order numbers of nine digits": lambda chance: f"Order {digits(chance, 9)} is verzonden.",
    "UZI numbers in a text": lambda chance: f"UZI {digits(chance, 9)}",
    "RSIN numbers in a text": lambda chance: f"RSIN {rsin(chance)}",
}
IDENTIFIERS: dict[str, tuple[str, Callable[[Random], str]]] = {
    "AGB": ("http://fhir.nl/fhir/NamingSystem/agb-z", lambda chance: digits(chance, 8)),
    "URA": ("http://fhir.nl/fhir/NamingSystem/ura", lambda chance: digits(chance, 8)),
    "KvK": ("http://fhir.nl/fhir/NamingSystem/kvk", lambda chance: digits(chance, 8)),
    "BIG": ("http://fhir.nl/fhir/NamingSystem/big", lambda chance: digits(chance, 11)),
    "UZI": ("http://fhir.nl/fhir/NamingSystem/uzi-nr-pers", lambda chance: digits(chance, 9)),
    "RSIN": ("http://fhir.nl/fhir/NamingSystem/rsin", rsin),
    "pseudo-BSN": ("http://fhir.nl/fhir/NamingSystem/pseudo-bsn", lambda chance: digits(chance, 9)),
    "patient numbers of nine digits": ("urn:oid:2.16.840.1.113883.2.4.99.1", lambda chance: digits(chance, 9)),
}
