"""Which lines of a scraped article are its paragraphs, its headings, and site furniture.

Dropping a paragraph is the worse error, so a line is only left out on a sign:

- the article's body runs from the first to the last line that reads like a paragraph (long
  enough, ended like a sentence, without interface words); short lines before and after it are
  titles or furniture, short lines inside it are subheadings or short paragraphs;
- interface words (cookie notices, share buttons, "lire aussi", comment forms…), author and date
  lines, menus of short items between separators;
- lines in another language or script than French;
- repetition of the title.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from labels.paragraphs import Kind

# Shortest line that can open or close the body: the shortest of 741 marked paragraphs has 123
# characters, the longest headings and furniture lines without interface words have 120.
_LONG = 100
_SENTENCE_END = re.compile(r"[.!?…:;][\s»”\"')\]]*$")
_FINAL_QUOTE = re.compile(r"[»”\"]$")
_WORD = re.compile(r"[^\W\d_]+")

# Words of a site's interface, in French and in the languages of translated sites.
_INTERFACE = re.compile(
    r"""
    \b(?:
      abonne[zr]?-?\s?vous | (?:je\s)?m['’]abonne | s['’]abonner
      | r[ée]serv[ée]e?s?\saux\sabonn[ée]s | se\sconnecter | connectez-vous
      | identifi(?:ez-vous|er) | d[ée]j[àa]\sinscrit | se\sd[ée]sinscrire
      | inscri(?:vez|re)-(?:vous|moi) | s['’]inscrire | je\sm['’]inscris | newsletter
      | notre\s(?:lettre|bulletin) | cookies? | traceurs | nos\s\d+\spartenaires
      | continuer\ssans\saccepter | tout\saccepter | param[ée]trer | partager | partagez | tweeter
      | copier\sle\slien | imprimer | whatsapp | facebook | linkedin | twitter | suivez[- ]nous
      | suivez\snotre | google\sactualit[ée]s | google\splay | app\sstore
      | (?:[àa]\s)?lire\s(?:aussi|[ée]galement) | sur\sle\sm[êe]me\ssujet
      | dans\sla\sm[êe]me\srubrique | les\splus\slus | articles?\s(?:similaires|li[ée]s|connexes)
      | sujets\sconnexes | notre\ss[ée]lection | nos\sderni[èe]res\svid[ée]os
      | voir\s(?:toutes\sles\sphotos|cette\snewsletter) | publicit[ée]
      | contenu\s(?:partenaire|sponsoris[ée]) | sponsoris[ée] | petites\sannonces | commentaires?
      | commenter | r[ée]agir | laisser\sun | signaler | signalez | posez\svotre\squestion
      | noter\scet\sarticle | champs\sobligatoires | adresse\s(?:e-?mail|[ée]lectronique)
      | captcha | tous\sdroits\sr[ée]serv[ée]s | mentions\sl[ée]gales | cgu | plan\sdu\ssite
      | politique\sde\sconfidentialit[ée] | aller\sau\scontenu | passer\sau\scontenu
      | activer\sles\snotifications | actualiser\sle\sdirect | messages?\spr[ée]c[ée]dents
      | charger\sles | ce\sdirect\sest | [ée]couter\s(?:cet|l['’])\s?article | temps\sde\slecture
      | lecture\s?: | mis(?:e)?\s[àa]\sjour | publi[ée]\sle | cliquez\s(?:ici|pour)
      | testez\sl['’]abonnement | soutenez | t[ée]l[ée]chargez\snotre | transf[ée]rez | votre\sdon
      | faire\sun\sdon | gagnez\svos | retrouvez\stoutes? | traduit\sd[eu] | version\sfran[çc]aise
      | photos?\s?: | read\s(?:in|more) | skip\sto | sign\sup | subscribe | comments? | failed
      | logo | spot_img | yorum\w* | yay[ıi]nlama
    )\b | © | ★
    """,
    re.IGNORECASE | re.VERBOSE,
)
_ONLY_LABEL = re.compile(r"\W*(?:date\s[\d-]+\s)?(?:publicit[ée]|annonce)\W*", re.IGNORECASE)
_BYLINE = re.compile(
    r"(?:par|by|texte|photos?)\b\s?:?.{0,60}$|.{0,60}\d{1,2}[/.]\d{1,2}[/.]\d{4}", re.I
)
_HOME = ("Accueil", "Home", "Ana sayfa")
_SEPARATED = re.compile(r"\s[|·›>/•–—-]\s|\s{3,}")
# The commonest French words; a running French text of eight words has one of them nearly always.
_FRENCH = frozenset(
    re.findall(
        r"\w+",
        """
        à au aux avec ce ces cette c d dans de des du elle elles en est et eux il ils j
        je l la le les leur leurs lui mais ne n nous on ont ou où par pas plus pour qu
        que qui s sa se ses son sont sur un une vous y a été était
        """,
    )
)


def line_kinds(lines: Sequence[str]) -> list[Kind]:
    """Return what each line of an article is: body, heading or boilerplate.

    Parameters
    ----------
    lines
        The lines that are not blank, in order, without blanks around them.
    """
    furniture = [_is_furniture(line) for line in lines]
    teasers = [i for i, line in enumerate(lines) if _is_teaser(line, lines[:i])]
    anchors = [
        i
        for i, line in enumerate(lines)
        if not furniture[i] and i not in teasers and _is_paragraph(line)
    ]
    if not anchors:  # no long paragraph: a short note, so every line that is no furniture counts
        kinds: list[Kind] = ["boilerplate" if bad else "body" for bad in furniture]
        return kinds
    first, last = anchors[0], anchors[-1]
    title = _title_line(lines[:first], furniture[:first])
    kinds = []
    for i, line in enumerate(lines):
        if i in (first, last) or (first < i < last and not furniture[i]):
            heading = not (i in anchors or _SENTENCE_END.search(line) or _is_speech(lines, i))
            kinds.append("heading" if heading else "body")
        elif title is not None and i < first and _repeats(line, lines[title]):
            glued = i != title and line.startswith(_HOME)  # breadcrumbs run into the title
            kinds.append("boilerplate" if glued else "heading")
        else:
            kinds.append("boilerplate")
    return kinds


def _is_paragraph(line: str) -> bool:
    ended = _SENTENCE_END.search(line) or _FINAL_QUOTE.search(line)
    return len(line) >= _LONG and ended is not None and french_share(line) >= 0.15


def _is_furniture(line: str) -> bool:
    """Whether a line has a sign of the interface; a long one needs more than one word of it."""
    found = len(_INTERFACE.findall(line))
    if _ONLY_LABEL.fullmatch(line):
        return True
    separators = len(_SEPARATED.findall(line))
    if len(line) >= _LONG:
        return found * 60 > len(line) or separators * 25 > len(line)
    if found or separators >= 2 or _BYLINE.match(line):
        return True
    words = _WORD.findall(line)
    return not words or (len(words) >= 3 and french_share(line) == 0 and not _is_latin(line))


def french_share(line: str) -> float:
    """Share of the commonest French words among the words of a line."""
    words = _WORD.findall(line.lower())
    return sum(word in _FRENCH for word in words) / len(words) if words else 0.0


def _is_latin(line: str) -> bool:
    return sum(ch < "\u0250" for ch in line) > len(line) / 2


def _title_line(head: Sequence[str], furniture: Sequence[bool]) -> int | None:
    """Return the line of the title: the last long enough one before the body, or its repetition."""
    candidates = [
        i for i, line in enumerate(head) if not furniture[i] and len(_WORD.findall(line)) >= 4
    ]
    for i in candidates:
        if any(head[i] == head[j] for j in candidates if j != i):
            return i
    return candidates[-1] if candidates else None


def _repeats(line: str, title: str) -> bool:
    """Whether a line is the title or repeats most of its words."""
    ours, theirs = set(_WORD.findall(line.lower())), set(_WORD.findall(title.lower()))
    return len(ours) >= 4 and len(ours & theirs) >= 0.6 * len(theirs)


def _is_teaser(line: str, before: Sequence[str]) -> bool:
    """Whether a line only repeats a line before it and asks to click."""
    return bool(_INTERFACE.search(line)) and any(_repeats(line, other) for other in before[-4:])


def _is_speech(lines: Sequence[str], i: int) -> bool:
    """Whether a line without a final stop is part of a list or of a speech that goes on."""
    return lines[i][:1] in "-–—•*" and any(
        a[:1] == b[:1] for a, b in pairwise(lines[max(0, i - 1) : i + 2])
    )
