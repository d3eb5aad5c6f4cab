"""Hand-written families of texts, and pairs drawn from them.

A bank file holds groups; a group holds classes; a class holds wordings that mean the same:

    === topic of the group
    ---
    one wording
    another wording
    ---
    a wording of another meaning

Slots in braces are filled when a pair is drawn: {x} and {y} are two different numbers, {person}, {city} and their
second ones are the same in both texts of a pair; {name}, {place} and {pet} are drawn anew for each text, since a story
stays the same when its hero is renamed.
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import NamedTuple

PEOPLE = [
    "Anna",
    "Omar",
    "Mei",
    "Lucas",
    "Priya",
    "Tom",
    "Ingrid",
    "Diego",
    "Fatima",
    "Noah",
    "Yuki",
    "Greta",
    "Samir",
    "Chloe",
    "Ivan",
    "Rosa",
    "Kofi",
    "Elena",
]
CITIES = [
    "Lisbon",
    "Oslo",
    "Denver",
    "Cairo",
    "Kyoto",
    "Lyon",
    "Quito",
    "Perth",
    "Dublin",
    "Krakow",
    "Hanoi",
    "Tampa",
    "Bergen",
    "Malaga",
    "Leeds",
    "Turin",
]
PETS = ["puppy", "kitten", "fox", "goat", "hedgehog", "parrot", "donkey", "raven"]


class Drawn(NamedTuple):
    a: str
    b: str
    equivalent: int
    kind: str


class Group(NamedTuple):
    """classes[c] = the wordings of class c."""

    topic: str
    classes: list[list[str]]


def read_bank(path: Path, *, lines: bool = True) -> list[Group]:
    """The groups of a file. With `lines` each line is a wording, otherwise each class is one text."""
    groups = []
    for block in path.read_text(encoding="utf-8").split("=== ")[1:]:
        classes = [part.strip("\n") for part in block.split("\n---\n")[1:]]
        topic = block.partition("\n")[0].strip()
        groups.append(Group(topic, [part.splitlines() if lines else [part] for part in classes]))
    return groups


def draw(group: Group, kind: str, equivalent: bool, rng: random.Random) -> Drawn:
    """A pair from one class of the group, in two wordings, or from two classes."""
    shared = shared_slots(rng)
    if equivalent:
        wide = [wordings for wordings in group.classes if len(wordings) > 1] or group.classes
        wordings = rng.choice(wide)
        a, b = rng.sample(wordings, 2) if len(wordings) > 1 else (wordings[0], wordings[0])
    else:
        first, second = rng.sample(group.classes, 2)
        a, b = rng.choice(first), rng.choice(second)
    return Drawn(fill(a, shared, rng), fill(b, shared, rng), int(equivalent), kind)


def shared_slots(rng: random.Random) -> dict[str, str]:
    """Values of the slots that both texts of a pair share."""
    top = rng.choice([9, 20, 100, 1000])
    x, y = rng.sample(range(2, top + 1), 2)
    (person, person2), (city, city2) = rng.sample(PEOPLE, 2), rng.sample(CITIES, 2)
    return {"x": str(x), "y": str(y), "person": person, "person2": person2, "city": city, "city2": city2}


def fill(text: str, shared: dict[str, str], rng: random.Random) -> str:
    own = {"name": rng.choice(PEOPLE), "place": rng.choice(CITIES), "pet": rng.choice(PETS)}
    for slot, value in (shared | own).items():
        text = text.replace("{" + slot + "}", value)
    return text
