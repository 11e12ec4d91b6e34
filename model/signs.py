"""The signs by which a unit of a scraped text shows what it is: form, words, place, neighbours."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from model.language import fold, language_shares

_WORD = re.compile(r"[^\W\d_]+")

# Words and phrases (joined by _) of an interface, by family; accents folded, elisions apart.
_FAMILIES = {
    "share": """
        partager partagez partage tweeter twitter facebook whatsapp linkedin telegram
        instagram pinterest email e mail courriel imprimer copier_le_lien envoyer epingler
        suivez suivre rejoignez like j_aime youtube tiktok messenger bluesky
        """,
    "subscribe": """
        abonnez abonner abonne abonnement abonnements abonnes abonnee m_abonne reserve_aux
        reserve_a_nos newsletter newsletters infolettre inscrivez inscrire inscris
        inscription inscrit desabonner desinscrire connecter connectez connexion identifiez
        identifier identifie mon_compte mon_espace offre offres offert engagement
        premier_mois par_mois soutenez soutenir faire_un_don don dons recevez edition
        numerique kiosque bulletin boite_mail
        """,
    "cookie": """
        cookies cookie traceurs traceur partenaires consentement accepter accepte refuser
        parametrer personnaliser personnalises navigation audience donnees_personnelles
        confidentialite votre_appareil votre_terminal votre_accord vos_choix votre_choix
        technologies_similaires
        """,
    "related": """
        lire_aussi lire_egalement lire_encore voir_aussi ecouter_aussi relire revoir
        a_revoir meme_sujet meme_theme meme_rubrique les_plus_lus plus_lus plus_vus
        plus_populaires articles_similaires article_similaire articles_lies
        articles_connexes articles_recents article_precedent article_suivant precedent
        suivant precedente suivante a_la_une dernieres_infos derniers_articles
        dernieres_actualites en_continu notre_selection selection peuvent_vous pourrait_vous
        pourraient_vous vous_interesser vous_aimerez lire_la_suite plus_de_l_auteur
        notre_dossier nos_autres populaire populaires tendances en_images diaporama
        sujets_relatifs voir_plus a_decouvrir dossier
        """,
    "comment": """
        commentaire commentaires commenter commentez reagir reagissez reaction reactions
        repondre reponse reponses signaler moderation moderateur moderes laisser_un
        champs_obligatoires votre_nom votre_adresse votre_commentaire votre_question poste
        citer membre membres message messages pseudo forum forums dit ecrit utile vote votes
        sondage captcha hors_ligne invite visiteur profil sujet sujets discussion
        """,
    "byline": """
        propos_recueillis texte redaction correspondant correspondante envoye_special
        envoyee_speciale journaliste auteur auteure ecrit_par publie publiee modifie
        modification mis_a_jour mise_a_jour mise_en_ligne temps_de_lecture lecture min
        minutes avec_afp afp agence duree vue vues source signe suivi par
        """,
    "legal": """
        tous_droits droits_reserves copyright mentions_legales cgu cgv conditions_generales
        plan_du_site contact contacts contactez contacter reproduction reproduire issn
        depot_legal directeur_de_la_publication directrice_de_la_publication propulse
        a_propos qui_sommes charte accessibilite publicite annonce annonces sponsorise
        sponsorises sponsorisee regie siret rss powered editeur
        """,
    "navigation": """
        accueil menu recherche rechercher rubrique rubriques aller_au aller_a retour
        haut_de_page page pages sommaire index telecharger application appli direct live
        video videos podcast podcasts photo photos archives meteo obseques horoscope jeux
        boutique services logo spot_img actualiser charger chargement cliquez voir_tout
        voir_toutes voir_tous voir_la voir_le afficher fermer ouvrir activer notification
        notifications alerte alertes taille_de_police actualites infos flash politique
        economie monde societe sports sport culture
        """,
    "caption": """
        photo photos credit illustration legende d_archives capture infographie getty afp
        reuters image images photographe
        """,
    "foreign": """
        subscribe sign_in sign_up log_in login share comment comments read more home search
        skip privacy policy terms related latest yorum yorumlar yorumlari yapilmamis yazin
        haber haberler yayinlama oku giris guncel compartir suscribete suscribirse inicio
        leer noticias comentarios entrar anmelden teilen mehr startseite condividi leggi
        lees failed loading advertisement verification news editor
        """,
    "mail": """
        objet envoye navigateur bonjour bonne_lecture cordialement a_demain a_bientot
        transferez transfere transferer desabonner ce_message cette_lettre cet_e_mail vous
        recevez repondre lettre numero abonnes
        """,
    "tags": """
        tag tags etiquette etiquettes mots_cles mot_cle theme themes publie_dans categorie
        categories classe_dans
        """,
}
_LEXICON = {
    tuple(phrase.split("_")): number
    for number, phrases in enumerate(_FAMILIES.values())
    for phrase in phrases.split()
}
_LONGEST_PHRASE: dict[str, int] = {}  # by first word
for _phrase in _LEXICON:
    _LONGEST_PHRASE[_phrase[0]] = max(_LONGEST_PHRASE.get(_phrase[0], 0), len(_phrase))

_ENDED = re.compile(r"[.!?…][\s»”\"')\]]*$")
_SENTENCES = re.compile(r"[.!?…][»”\"]?\s+[«“\"A-ZÀ-ÝŒ]")
_SEPARATOR = re.compile(r"\s[|·•›>/→»~–—-]\s|\s{2,}|[|›→]")
_DATE = re.compile(
    r"\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}|\d{4}-\d\d-\d\d"
    r"|\d{1,2}(?:er)?\s(?:jan|f[ée]v|mar|avr|mai|jui|ao|sep|oct|nov|d[ée]c)\w*\.?\s\d{4}"
)
_CLOCK = re.compile(r"\b\d{1,2}\s?[h:]\s?\d{2}\b")
_ADDRESS = re.compile(r"https?:|www\.|\w\.(?:example|com|fr|org|net|info)\b|@\w|\w@")
_BULLET = re.compile(r"[-–—•·*▪►→]\s|\d{1,2}[.)]\s")
_NAMELIKE = re.compile(r"(?:[A-ZÀ-Ý][\w'’-]*\.?\s?(?:d[eu]\s|la\s|le\s)?){1,4}$")
_SPEAKER = re.compile(r"[A-ZÀ-Ý][\w .'’-]{1,40}\s?:\s")
_SYMBOL = re.compile(r"[©★☆●▶►⬇←→↑📷👍💬🔁✉☎✔✓№#*_=<>\[\]{}]|:\w+:")
_UPPER = re.compile(r"[A-ZÀ-ÖØ-Þ]")
_DIGIT = re.compile(r"\d")
_NOT_LATIN = re.compile(r"[^\W\d_a-zA-ZÀ-ɏ]")
_VOUS = frozenset(("vous", "votre", "vos"))
_VERB = re.compile(
    r"\b(?:est|sont|a|ont|etait|etaient|avait|avaient|sera|seront|fait|dit|peut|va|doit|reste"
    r"|\w{3,}(?:ait|aient|erent|ent|era|ont))\b"
)

_LONG = 110  # characters of a unit that reads like a paragraph; the shortest of 741 marked has 123
_HEAD, _TAIL = 400, 120  # characters of a long unit that are looked at
_START = 200  # where dates, symbols and capitals tell furniture

# Signs of one unit by itself, in the order of `_own_signs`.
OWN_SIGNS = (
    *("length", "words", "short", "middle", "long", "ended", "ended_half", "ended_quoted"),
    *("sentences", "lower_start", "upper_share", "title_share", "digit_share", "bullet", "quote"),
    *("french", "foreign", "not_latin", "separators", "date", "clock", "address", "namelike"),
    *("symbol", "vous", "verb", "question", "colon_inside", "paragraph", "gap", "speaker"),
    *_FAMILIES,
    "interface",
)
_LENGTH, _SHORT, _LONGER, IS_ENDED, FRENCH, FOREIGN, INTERFACE = (
    OWN_SIGNS.index(name)
    for name in ("length", "short", "long", "ended", "french", "foreign", "interface")
)


def _interface_words(words: Sequence[str]) -> list[int]:
    """Return how many words and phrases of each family there are, at most 4 each."""
    found = [0] * len(_FAMILIES)
    for i, word in enumerate(words):
        for n in range(_LONGEST_PHRASE.get(word, 0), 0, -1):
            family = _LEXICON.get(tuple(words[i : i + n]))
            if family is not None:
                found[family] += 1
                break
    return [min(n, 4) for n in found]


def _own_signs(unit: str, gap: bool) -> list[float]:
    """Return the signs of a unit by itself, named in `OWN_SIGNS`."""
    text = unit if len(unit) <= _HEAD + _TAIL else f"{unit[:_HEAD]} {unit[-_TAIL:]}"
    start, end = text[:_START], text[-12:]
    folded = fold(text)
    written, words = _WORD.findall(start), _WORD.findall(folded)
    n, letters = len(text), max(sum(map(len, written)), 1)
    found = _interface_words(words)
    ended = _ENDED.search(end) is not None
    shares = language_shares(words)
    french = shares.pop("fr")
    return [
        np.log1p(len(unit)) / 6,
        np.log1p(len(words)) / 4,
        n < 25,
        25 <= n < 70,
        n >= _LONG,
        ended,
        end[-1] in ":;,",
        end[-1] in '»”"',
        min(len(_SENTENCES.findall(text)), 4) / 2,
        text[0].islower(),
        len(_UPPER.findall(start)) / letters,
        sum(word[0].isupper() for word in written) / max(len(written), 1),
        len(_DIGIT.findall(start)) / len(start),
        _BULLET.match(text) is not None,
        text[0] in '«“"—–',
        min(french, 0.5) * 2,
        max(shares.values()),
        len(_NOT_LATIN.findall(start)) / letters,
        min(len(_SEPARATOR.findall(start)), 6) / 3,
        _DATE.search(start) is not None,
        _CLOCK.search(start) is not None,
        _ADDRESS.search(start) is not None,
        len(words) <= 6 and _NAMELIKE.match(text) is not None,
        _SYMBOL.search(start) is not None,
        min(sum(word in _VOUS for word in words), 3) / 2,
        _VERB.search(folded) is not None,
        end[-1] == "?",
        ":" in text[:-1],
        n >= _LONG and ended and french > 0.15,
        gap,
        _SPEAKER.match(text) is not None,
        *found,
        min(sum(found) * 25 / n, 3),
    ]


def signs(units: Sequence[str], gaps: Sequence[bool]) -> NDArray[np.float64]:
    """Return the signs of every unit, (n_units, n_signs): its own, its neighbours', its place."""
    return np.vstack(list(iter_signs(units, gaps, len(units))))


def iter_signs(
    units: Sequence[str], gaps: Sequence[bool], at_once: int
) -> Iterator[NDArray[np.float64]]:
    """Yield the rows of `signs`, some units at a time, so that a long text takes little memory."""
    n = len(units)
    padded = np.zeros((n + 4, len(OWN_SIGNS)))
    own = padded[2:-2]
    for i, (unit, gap) in enumerate(zip(units, gaps, strict=True)):
        own[i] = _own_signs(unit, gap)
    places = _places(units, own)
    for i in range(0, n, at_once):
        j = min(i + at_once, n)
        before, after = padded[i + 1 : j + 1], padded[i + 3 : j + 3]
        wide = (padded[i:j] + padded[i + 4 : j + 4]) / 2
        yield np.hstack([own[i:j], before, after, wide, places[i:j]])


def _distance_to_nearest(at: NDArray[np.int64], standing: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return how far each unit is from the nearest paragraph, 0 where there is none."""
    if not len(standing):
        return np.zeros(len(at), dtype=np.int64)
    right = np.searchsorted(standing, at).clip(max=len(standing) - 1)
    left = (right - 1).clip(min=0)
    return np.asarray(np.minimum(np.abs(standing[right] - at), np.abs(standing[left] - at)))


def _places(units: Sequence[str], own: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what depends on the whole text: where paragraphs stand, what came before, repeats."""
    n = len(units)
    paragraph = own[:, OWN_SIGNS.index("paragraph")] * (own[:, -1] < 0.8)
    count = np.cumsum(paragraph)
    total = count[-1]
    at = np.arange(n)
    standing = np.flatnonzero(paragraph)
    first, last = (standing[0], standing[-1]) if len(standing) else (0, n - 1)
    nearest = _distance_to_nearest(at, standing)
    comment, related = (
        np.cumsum(own[:, OWN_SIGNS.index(name)] * (own[:, _LENGTH] < 0.75)) > 0
        for name in ("comment", "related")
    )
    shapes = [" ".join(_WORD.findall(unit.lower())) for unit in units]
    times = Counter(shapes)
    seen = np.array([times[shape] > 1 for shape in shapes])
    longest = max((s for s in shapes[: first + 1] if 20 < len(s) < 160), key=len, default="")
    titled = np.array([bool(longest) and longest in shape for shape in shapes])
    length = np.array([len(unit) for unit in units], dtype=float)
    behind = np.cumsum(length) / length.sum()
    columns = [
        at < first, at > last, (at >= first) & (at <= last), at == 0, at == n - 1,
        at / n, behind, count / max(total, 1), np.minimum(nearest, 8) / 4, total == 0,
        np.minimum(np.abs(at - first), 6) / 3 * (at < first),
        np.minimum(np.abs(at - last), 6) / 3 * (at > last),
        comment, comment & (at > first), related & (at > last), comment & (at > last),
        seen, titled, titled & (at < first), np.full(n, min(total, 10) / 5),
        own[:, _LONGER] * (at > last), own[:, IS_ENDED] * (at > last),
        own[:, IS_ENDED] * (at < first), own[:, IS_ENDED] * (at >= first) * (at <= last),
        own[:, _SHORT] * (at >= first) * (at <= last),
    ]  # fmt: skip
    return np.stack([np.broadcast_to(np.asarray(c, dtype=float), n) for c in columns], axis=1)
