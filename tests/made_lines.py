"""Lines, and pieces of lines, that the reader looks at in ways of their own."""

LONG = (
    "Le ministre a reçu son homologue pour parler de la paix dans la région, a indiqué le palais "
    "dans un communiqué, sans donner de détails sur la suite des entretiens."
)
ENGLISH = "The minister met his counterpart on Monday to discuss the new round of sanctions."
RUSSIAN = "Министр встретился со своим коллегой, чтобы обсудить санкции против режима."
# What single signs look for, and what words are not cut or folded like others.
PIECES = [
    *(LONG, LONG[:60], ENGLISH, RUSSIAN, "Menu", "Lire aussi : Le port rouvre lundi", "mis à jour"),
    *("à la une", "plus de l'auteur", "Publié le 1er mars 2024 à 08h15", "12/03/2024", "08 : 15"),
    *("http: //x", "www. x", "x@y", "l.fr", ":smile:", "A. Martin : non", "« oui »", " - - ", "  "),
    *(
        "disaient",
        "12ment",
        "dit2",
        "3a",
        "est",
        "2e",
        "A320neo",
        "a_la_une",
        "²",
        "١٢",
        "É",
        "e\u0301",
    ),
    *(
        "pro\u00adgramme",
        "l\u200bire",
        "\u00ad",
        "İL LİRA",
        "ı",
        "ΟΔΟΣ'Α",
        "ß",
        "œ",
        "\0",
        "📷",
        "…»",
        ".",
    ),
]
