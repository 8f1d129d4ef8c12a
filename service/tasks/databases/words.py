"""Word lists that names and remarks are drawn from.

They are our own, so that a database's bytes hang on this file alone. Many entries are here because
they are awkward: apostrophes, double quotes, letters beyond ASCII, scripts beyond Latin, emoji.
"""

from __future__ import annotations

# People of every database and instance, the first of each table of persons.
PEOPLE = ("Zoë Marlowe", "Seán O'Neill", "Łukasz Wójcik", "山田 花子", 'Anna "Annie" Lindqvist', "Ana Núñez")

# Companies and streets of every database and instance, likewise.
COMPANIES = ("O'Brien & Sons", 'The "Good" Oak Co.', "Łódź Textiles", "東京デザイン", "Bärenbräu AG")
STREETS = ("King's Road 4", "Straße des 17. Juni 12", "3, rue de l'Étoile", 'Plac "Stary" 7', "桜通り 5")

FIRST_NAMES = (
    "Adaeze", "Agnieszka", "Aiko", "Amélie", "Anders", "Anouk", "Arjun", "Astrid", "Beatriz", "Björn",
    "Camille", "Chloé", "Daniel", "D'Arcy", "Elif", "Emeka", "Emma", "Farah", "François", "Freya", "Giulia",
    "Grace", "Hana", "Håkon", "Ines", "Ivan", "Jana", "Jean-Luc", "Joaquín", "Kateřina", "Kenji", "Lena",
    "Liam", "Lucía", "Maja", "Małgorzata", "Marcus", "Mei", "Michael", "Naomi", "Niamh", "Noah", "Olga",
    "Omar", "Pedro", "Priya", "Rafael", "Renée", "Rosa", "Samuel", "Sarah", "Sofía", "Tadeusz", "Thérèse",
    "Tomás", "Ulrike", "Valentina", "Wei", "Xavier", "Yusuf", "Zofia",
)  # fmt: skip
LAST_NAMES = (
    "Almeida", "Andersson", "Baker", "Bauer", "Bergström", "Castillo", "Chen", "Costa", "D'Angelo",
    "Dubois", "Dvořák", "Eriksen", "Fernández", "Fischer", "Fitz-Gerald", "Garcia", "Grünwald", "Haddad",
    "Hughes", "Ito", "Ivanova", "Jansen", "Jensen", "Kaya", "Keller", "Kim", "Kowalska", "L'Écuyer",
    "Larsen", "Lefèvre", "López", "Martin", "McCarthy", "Meyer", "Moreau", "Müller", "Nakamura", "Ng",
    "Nguyễn", "Novák", "O'Brien", "O'Hara", "Okafor", "Özdemir", "Patel", "Petrov", "Ricci", "Rossi",
    "Šimić", "Silva", "Singh", "Smith", "Sørensen", "Tanaka", "Ueda", "Van Dyk", "Wagner", "Walsh",
    "Watanabe", "Yamamoto", "Zając",
)  # fmt: skip
CITIES = (  # with their countries; the commonest first
    ("Zürich", "Switzerland"),
    ("Łódź", "Poland"),
    ("Lyon", "France"),
    ("Oslo", "Norway"),
    ("Graz", "Austria"),
    ("Porto", "Portugal"),
    ("東京", "Japan"),
    ("St. John's", "Canada"),
    ("Malmö", "Sweden"),
    ("Kraków", "Poland"),
    ("L'Aquila", "Italy"),
    ("Winterthur", "Switzerland"),
    ("Reykjavík", "Iceland"),
)
COMPANY_ENDINGS = ("& Co.", "GmbH", "Ltd", "S.A.", "AB", "Brothers", "Trading", "株式会社")
ADJECTIVES = (
    "Blue", "Classic", "Compact", "Foldable", "Golden", "Heavy", "Ivory", "Little", "Mini", "Nordic", "Old",
    "Plain", "Quiet", "Red", "Rustic", "Silver", "Smart", "Tall", "Vintage", "Wooden",
)  # fmt: skip
GOODS = (
    "Armchair", "Bicycle Bell", "Bookcase", "Café Table", "Children's Desk", "Clock", "Desk Lamp",
    "Flower Pot", 'Frame 12"', "Garden Hose", "Kettle", "Ladder", "Mug", "Pan", "Pruning Shears",
    "Rain Coat", "Record Box", "Rug", "Shelf", "Ski Wax", "Sledge", "Stool", "Teapot", "Toolbox", "Torch",
    "Vase", "Watering Can", "茶碗",
)  # fmt: skip
STORY_NOUNS = (
    "Archive", "Border", "Bridge", "Carousel", "Country", "Diary", "Echo", "Fisherman's Wife", "Forest",
    "Garden", "Harbour", "Island", "Jury", "King's Road", "Letter", "Lighthouse", "Märchen", "Night",
    "Orchard", "Passenger", "Query", "River", "Señorita", "Silence", "Storm", "Tailor", "Tower", "Uncle",
    "Winter", "Witness",
)  # fmt: skip
REMARKS = (
    "Good value.",
    "It's fine, I guess",
    "Don't buy this!",
    'They call it "premium". It is not.',
    "Love it 😀",
    "très bien",
    "Zu groß für mich",
    "最高です",
    "Broke after a week 😡",
    "My mother's favourite",
    "as described",
    "As described",
    "as described ",
    "100% worth it; would buy again",
    "meh",
    "",
)
