"""Invented people in many scripts. Login names stay ASCII, as Entra ID requires of user principal names."""

import dataclasses
import hmac
import itertools
import random
from collections.abc import Iterator

PASSWORD_ALPHABET = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # noqa: S105  letters, none alike


@dataclasses.dataclass(frozen=True, slots=True)
class Person:
    """A name as shown, its two parts, and the ASCII login name made of it."""

    display_name: str
    given_name: str
    surname: str
    login: str


def _people(rows: str) -> tuple[Person, ...]:
    """One person a line: given name, surname, login name; an asterisk puts the surname first."""
    found = []
    for row in rows.strip().splitlines():
        given, surname, login = (part.strip() for part in row.split("|"))
        family_first = surname.startswith("*")
        surname = surname.removeprefix("*")
        shown = f"{surname}{given}" if family_first else f"{given} {surname}"
        found.append(Person(shown, given, surname, login))
    return tuple(found)


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


PEOPLE = _people("""
Dana | O'Brien | dana.o'brien
Zoë | Lindqvist | zoe.lindqvist
François | Lefèvre | francois.lefevre
Łukasz | Wiśniewski | lukasz.wisniewski
Jürgen | Großmann | jurgen.grossmann
Núria | Puigdevall i Ferrer | nuria.puigdevall
Þórdís | Guðmundsdóttir | thordis.gudmundsdottir
Siân | ap Gwynfor | sian.apgwynfor
Nguyễn | Thị Hương | nguyen.thihuong
İpek | Çağlayan | ipek.caglayan
Ελένη | Παπαδοπούλου | eleni.papadopoulou
Νίκος | Καραγιάννης | nikos.karagiannis
Олена | Коваленко | olena.kovalenko
Дмитро | Шевчук | dmytro.shevchuk
Милица | Јовановић | milica.jovanovic
سارة | المنصوري | sara.almansouri
يوسف | بن خالد | yousef.binkhalid
נועה | לוי | noa.levi
איתן | ברק | eitan.barak
प्रिया | शर्मा | priya.sharma
अर्जुन | मेहता | arjun.mehta
สมชาย | ใจดี | somchai.jaidee
กนกวรรณ | ศรีสุวรรณ | kanokwan.srisuwan
小明 | *王 | wang.xiaoming
思敏 | *陳 | chen.siman
花子 | *佐藤 | sato.hanako
健太 | *高橋 | takahashi.kenta
지우 | *김 | kim.jiwoo
서연 | *박 | park.seoyeon
Ana | Souza d'Ávila | ana.souza-davila
Maximiliana Konstantina | von und zu Hohenschwangau-Leuchtenstein-Wolfsburg-Esterházy | maximiliana.hohenschwangau
Sean | D'Arcy-Whyte | sean.d'arcy-whyte
Chidi | Okonkwo-Bell | chidi.okonkwo-bell
Aroha | Te Whata | aroha.tewhata
Mahsa | Rostami | mahsa.rostami
Tomás | Ó Súilleabháin | tomas.osuilleabhain
""")
"""The first is the one that tours and tests talk about; the rest are drawn in turn."""

FIRST = _words("""
Ada Alan Alice Amara Amir Anika Anna Arlo Asha Aya Ben Bianca Björn Boris Carla Carlos Chen Clara Cora Daniel David
Deniz Diego Dora Edith Elif Elsa Emil Emma Erik Esra Eva Farah Felix Fiona Frida Gita Hana Hugo Ida Ines Iris Ivan Jack
Jana Jonas Julia Kai Kamal Karin Kofi Lara Lea Leo Lina Luca Lucy Maja Marco Maria Marta Mateo Maya Mila Milo Mina Mona
Nadia Nico Nils Nina Noah Nora Olga Omar Oscar Otto Paul Petra Pia Qadir Rafa Rana Rosa Ruth Sam Sara Selma Sofia Sven
Tara Theo Tilda Tom Uma Vera Victor Wanda Yara Zara
""")
LAST = _words("""
Abbott Adeyemi Ahmed Albers Almeida Andersen Aoki Bakker Banerjee Bauer Becker Bianchi Blake Brandt Campos Carter
Castillo Chang Cohen Costa Cruz Dahl Das Diaz Dubois Eklund Evans Farrell Fischer Flores Fofana Fontaine Garcia Ghosh
Gruber Gupta Haddad Hansen Hassan Haugen Hoang Horvat Hughes Ibrahim Ivanov Jansen Jensen Johansson Kaur Keller Khan Kim
Kowalski Kumar Laine Larsen Laurent Lind Lopez Mbeki Mendes Meyer Moreau Mori Moretti Murphy Nakamura Navarro Ncube
Nielsen Novak Nowak Okafor Olsen Ortiz Osei Park Patel Pereira Petrov Popescu Quinn Ramos Rao Reyes Ricci Rossi Ruiz
Saito Salim Santos Schmid Shah Silva Simons Singh Sokolov Stewart Suzuki Tanaka Thapa Torres Tran Vargas Vogel Walker
Weber Wolff Wong Yamada Yilmaz Zeller Zhang
""")

STRIDE = 7919
"""A prime that divides neither number of names."""

JOBS = (
    *("Accountant", "Analyst", "Apprentice", "Buyer", "Coordinator", "Designer", "Driver", "Engineer", "Manager"),
    *("Planner", "Receptionist", "Researcher", "Sales representative", "Technician", "Warehouse lead"),
)
DEPARTMENTS = ("Finance", "Human resources", "IT", "Logistics", "Marketing", "Operations", "Production", "Sales")


def crowd(dice: random.Random) -> Iterator[Person]:
    """Endless people with distinct logins: the invented cast in some order, then combinations of common names."""
    yield PEOPLE[0]
    yield from dice.sample(PEOPLE[1:], len(PEOPLE) - 1)
    total = len(FIRST) * len(LAST)
    start = dice.randrange(total)
    for number in itertools.count():
        # A prime stride visits every combination once before any comes again, without shuffling all of them.
        lap, position = divmod(number, total)
        given, surname = divmod((start + position * STRIDE) % total, len(LAST))
        first, last = FIRST[given], LAST[surname]
        plain = first.replace("ö", "o")
        yield Person(f"{first} {last}", first, last, f"{plain}.{last}{lap + 1 if lap else ''}".lower())


def password_for(seed: int, user_principal_name: str) -> str:
    """A strong password that is the same in every run of the same seed: four groups of four and a symbol."""
    digest = hmac.digest(str(seed).encode(), user_principal_name.lower().encode(), "sha256")
    letters = [PASSWORD_ALPHABET[byte % len(PASSWORD_ALPHABET)] for byte in digest[:14]]
    groups = ["".join(letters[:4]), "".join(letters[4:8]), "".join(letters[8:12]), "".join(letters[12:]) + "Q7"]
    return "-".join(groups)
