"""Which blocks of a page are notices of its site, though an extractor chose them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from depeche.labels.paragraphs import Kind
from depeche.model.reading.pages.metadata import Metadata
from depeche.model.reading.pages.page import Block, fold, short_text

_LONGEST = 500  # characters of a notice
# After a heading of the site ("Commentaires"), what is left of the body is none, if it is little.
_CLOSING, _SUBSTANTIAL = 0.25, 150  # of the body's characters; of a paragraph
_LABEL = 25  # characters before a link: "Décryptage - "
_ABOVE = 1  # paragraphs that may stand above the byline: the standfirst
_FEWEST_REPEATED = 5  # blanks between the words of what counts as repeated
_MOST_COMPARED = 50_000_000  # characters looked through for repeated blocks: 0.05 s
_PARAGRAPH = 110  # characters from which a heading reads like a paragraph

# Whole blocks, folded: small letters without accents, straight apostrophes, single spaces. A rule
# is as narrow as what it is for allows, since a paragraph that is lost is the worse error.
_NOTICES = {
    "access": (
        r"(?:il |plus que )?(?:vous |ne ){0,3}reste .{0,20}%"
        r" .{0,20}\b(?:article|contenu|texte|enquete|reportage|suite|lire|lecture"
        r"|decouvrir)\b.{0,80}",
        r".{0,60}\b(?:reserve|exclusi|accessible)[a-z]{0,12}\b[^.]{0,25} (?:a nos|aux"
        r"|pour les) abonne.{0,150}",
        r"(?:deja|pas encore) (?:abonne|inscrit|un compte|client|lecteur).{0,150}",
        r"(?:je |m'|s')(?:m')?(?:abonne|inscri|connect|identifi).{0,120}",
        r"(?:abonne|connecte|identifie|inscrive)z[ -]vous.{0,300}",
        r"se connecter.{0,60}|connexion",
        r"(?:cree[rz]|ouvre[rz]) (?:un |votre |mon )?(?:compte|profil)\b.{0,200}",
        r"(?:la suite|l'integralite|le reste|la lecture)\b.{0,60}\b(?:abonn|reserve|publicite"
        r"|connecte).{0,150}",
        r"pour (?:lire|continuer|acceder|poursuivre|decouvrir|consulter|profiter)\b.{0,100}"
        r"\b(?:abonne|connecte[rz]|(?:un|votre) compte|inscri[vt]|accepte[rz]|notre offre).{0,250}",
        r"(?=.*\b(?:abonn|sans engagement|illimite|essai|offre|resiliable))(?=.*\d ?(?:€|euros?|chf"
        r"|\$)).{0,250}",
        r".{0,80}\bsans engagement\b.{0,80}",
        r"(?:profitez|beneficiez|offrez-vous)\b.{0,250}",
        r"vous lisez un article\b.{0,250}|.{0,150}\b(?:faites|faire) un don\b.{0,150}",
        r"essayez .{0,60}\b(?:gratuit|offre|abonn|mois|premium).{0,100}"
        r"|.{0,80}\bsoutenez-nous\b.{0,100}",
        r"lisez (?:la suite|l'article|plus|en illimite).{0,150}",
        r".{0,40}\d ?(?:€|euros) au lieu de \d.{0,30}",
        r".{0,150}\b(?:une commission\b.{0,40}\bliens?|liens? affilies?)\b.{0,100}",
        r"vous (?:avez envie|voulez|souhaitez) .{0,20}\b(?:lire|decouvrir|savoir)\b.{0,100}",
        r"accedez (?:a|en|des|sans|librement|gratuitement)\b.{0,250}",
        r"vous avez (?:lu|atteint|utilise|consomme|epuise) .{0,40}\barticles?\b.{0,150}",
        r".{0,60}\b(?:un autre appareil|un seul appareil|plusieurs appareils)\b.{0,250}",
        r"(?:soutenez|faites un don|faire un don|je fais un don|je soutiens)\b.{0,250}",
        r"(?:article|contenu|edition|acces|video)s? (?:gratuit|offert|libre|premium|abonne"
        r"|payant|reserve)e?s?",
        r"(?:cet article|ce contenu|ce texte) (?:vous est|est|vous a ete) (?:offert|gratuit"
        r"|en acces libre).{0,150}",
    ),
    "cookies": (
        r"(?=.*\b(?:cookies?|traceurs?)\b)"
        r"(?=.*\b(?:accept|refus|consent|parametr|bloqu|desactiv|autoris|personnalis|propos"
        r"|mesur|adapt)).*",
        r"(?:ce|cet|cette) (?:contenu|video|publication|page|tweet|message|element|carte"
        r"|infographie|article)"
        r" (?:\w{1,25} ){0,3}(?:bloque|disponible|affiche|masque|visible|accessible)e?\b.{0,300}",
        r"(?:afin de|pour) (?:visualiser|voir|afficher|lire|consulter|regarder)"
        r" (?:ce|cette|la|le) (?:contenu|video|publication|tweet|carte|infographie).{0,250}",
        r"(?:accepter|refuser|continuer sans accepter|tout accepter|tout refuser)(?: et .{0,40})?",
    ),
    "pointers": (
        r"(?:a )?(?:re)?(?:lire|voir|ecouter|decouvrir|consulter|regarder)"
        r" (?:aussi|egalement|encore\b|notre\b|nos\b).{0,300}",
        r"(?:a )?(?:re)?(?:lire|voir|ecouter|decouvrir|consulter|regarder)(?: sur [\w. ]{1,30})?"
        r" ?[:>»|–—•→►▶].{0,300}",
        r"a (?:re)?(?:lire|voir|ecouter|decouvrir)",
        r"(?:lire|voir|afficher|charger) (?:la suite|plus|tou[st]|l'article|les? (?:article"
        r"|commentaire)).{0,80}",
        r"(?:sur le meme (?:sujet|theme)|dans la meme rubrique|pour aller plus loin|en savoir plus"
        r"|plus d'infos?|nos articles|nos derniere?s|autres articles)\b.{0,150}",
        r"(?:lire|voir|ecouter) (?:l'|la |le |les )\w{1,25} ?[:>»].{0,300}",
        r"(?:lire |voir )?(?:notre|nos) \w{1,25}(?: \w{1,25}){0,3} ?[:>»].{0,300}",
        r"(?:article|contenu|sujet|video)s? (?:lie|associe|similaire|connexe"
        r"|recommande)e?s?\b.{0,150}",
        r"(?:les )?(?:articles )?(?:les )?plus (?:lus|vus|partages|commentes|recents)\b.{0,150}",
        r"(?:la redaction|nous|on) vous (?:conseille|recommande|suggere|propose)\b.{0,150}",
        r"(?:vous aimerez|(?:cela|ca|ces? \w{1,25}|cet \w{1,25}) (?:peut|pourrait|pourraient"
        r"|devrait"
        r"|peuvent))\b"
        r".{0,30}\b(?:interesser|aussi|plaire).{0,80}",
        r"retrouvez (?:notre|nos|tous?|toutes?|l'ensemble|ici|l'integralite|les (?:article"
        r"|derniere?s|info))\b.{0,250}",
        r"(?:ailleurs sur le web|(?:contenus? )?sponsorises?(?: ?:.{0,150})?"
        r"|publi-?redactionnel.{0,60}|contenus? partenaires?|publicites?|annonces?|sponsorise)",
        r"(?:tags?|mots?[ -]cles?|themes?|thematiques?|rubriques?|categories?|etiquettes?|dossiers?"
        r"|classe dans|publie dans) ?:.{0,200}",
        r"(?:article|billet) (?:precedent|suivant)\b.{0,150}",
    ),
    "sharing": (
        r"(?:partage|tweete|envoye|imprime|commente|enregistre|ecoute|copie|sauvegarde)[rz]?"
        r"(?: (?:par (?:e-?mail|mail|courriel|sms)|a un ami|sur (?:facebook|twitter|x|whatsapp"
        r"|linkedin|les reseaux.{0,30})"
        r"|(?:(?:cet|ce|cette|la|le|votre|un) |l')(?:article|page|contenu|video|lien|commentaire"
        r"|avis|episode)\b.{0,60}))?",
        r"(?:ajouter|sauvegarder|mettre) .{0,30}\b(?:favoris|selections?|liste|plus tard).{0,40}"
        r"|lire plus tard",
        r"(?:offrir|offrez) (?:cet |l')article.{0,60}",
        r"(?:reagir|reagissez|repondre|commenter)(?: a cet article)?",
        r"(?:suivez|rejoignez|retrouvez)[ -](?:nous|moi)\b.{0,250}",
        r"(?:suivez|rejoignez|retrouvez) .{0,100}\b(?:whatsapp|facebook|twitter|instagram"
        r"|telegram|linkedin"
        r"|youtube|google|tiktok|bluesky|reseaux sociaux|appli|application|chaine)\b.{0,150}",
        r"(?:telechargez|installez) .{0,200}",
        r"(?:(?:facebook|twitter|whatsapp|linkedin|instagram|telegram|messenger|pinterest"
        r"|e-?mail|mail|x"
        r"|bluesky|threads|flipboard|copier le lien|imprimer|partager|lien copie)\W{0,3})++",
        r"(?=.*\b(?:newsletter|infolettre)s?\b)"
        r"(?=.*\b(?:abonne[rz]|inscri|recev|decouvr|notre|nos|gratuit|votre|vos|desinscri)).*",
        r".{0,40}\b(?:newsletter|infolettre)s?\b.{0,60}",
        r"tou[st]e?s? (?:nos|les) (?:video|article|podcast|actualite|info|dossier)s?\b.{0,80}",
        r"recevez\b.{0,250}",
        r"(?:tous les|chaque) (?:matin|jour|semaine|soir|lundi|vendredi|dimanche)s?\b.{0,80}"
        r"\b(?:boite|mail|lettre|selection|racontee?s?|a ne pas manquer)\b.{0,150}",
        r"(?:votre|mon|une?) (?:adresse )?e-?mail\b.{0,200}",
        r"\d{1,6} (?:commentaires?|reactions?|partages?|vues?|messages?)\b.{0,60}|(?:commentaires?"
        r"|reactions?)\W*\d*",
        r"(?:aucun|soyez le premier|pas de|voir les|lire les|laisse[rz] un|poste[rz] un"
        r"|ajouter un|tous les)"
        r" .{0,30}\bcommentaires?\b.{0,100}",
        r"signale[rz] (?:une? |ce |un contenu )?(?:erreur|faute|coquille|abus|contenu).{0,150}",
        r"(?:une|vous avez (?:repere|trouve|vu|remarque|releve) une) (?:erreur|faute|coquille)\b"
        r".{0,40}(?:article|texte|page|signal|\?).{0,150}",
        r"(?:temps de )?lecture\W{0,3}\d{1,6} ?min.{0,20}|temps de lecture\b.{0,30}|duree ?:.{0,30}"
        r"|\d{1,6} ?min(?:utes?)?(?: de lecture)?",
        r".{0,80}\b(?:reproduction interdite|tous droits (?:de reproduction"
        r" )?reserves)\b.{0,120}|copyright\b.{0,120}",
    ),
    "credits": (
        r"(?:©|\(c\)|📷).{0,120}",
        r"(?:credits?|copyright|illustration|photos?|images?|video|infographie|legende|visuel)"
        r"(?: (?:photo|image)s?)? ?[:©/|].{0,140}",
        r"[^.!?]{0,140}(?:©|\bcredits?(?: photos?| images?)? ?:).{0,80}",
        r".{0,160}[/©] ?(?:afp|reuters|ap|sipa|getty images|abaca|maxppp|epa|belga|hans lucas)",
        r"[^.!?]{0,110} ?[/|–—(] ?(?:afp|reuters|ap|sipa|getty images|abaca|maxppp|epa|belga"
        r"|keystone"
        r"|hans lucas|presse canadienne|archives?)(?: photo)?",
        r".{0,300}[|(] ?photos? ?[:/].{0,80}",
        r"\(?photo (?:d'illustration|d'archives?|afp|reuters|\w{1,25} ?/ ?\w{1,25}).{0,80}",
    ),
    "contacts": (
        r"(?:ecrivez|appelez|contactez|joignez)[ -]nous\b.{0,250}|devenez .{0,40}\babonne.{0,200}",
        r"vous (?:avez|souhaitez|devez|voulez|pouvez) .{0,60}"
        r"\b(?:nous (?:communiquer|ecrire|contacter)|commenter|commentaires?|connecte"
        r"|desinscrire|desabonner)\b.{0,150}",
        r".{0,100}\b(?:tel|telephone)\.? ?:? ?\+?\d[\d .]{5,20}.{0,60}",
    ),
    "datelines": (
        r".{0,120}[—–|·•-] ?(?:publie|mise? a jour|temps de lecture|lecture \d).{0,120}",
        r"(?:cet article|ce texte|cette (?:tribune|depeche|video)) (?:a ete|est|fut) .{0,30}"
        r"(?:publie|traduit|paru|realise)e?\b.{0,150}",
        r"(?:article |billet |texte )?(?:publie|mis(?:e)? a jour|modifie|poste|cree|mise? en ligne"
        r"|actualise|ecrit|redige|diffuse)e?\W{0,3}(?:le|par|a|il y a|hier|aujourd'hui|ce|du|lundi"
        r"|mardi|mercredi|jeudi|vendredi|samedi|dimanche|\d)\b(?:[^.!?:]|:(?=\d)|[.](?=\w)){0,150}",
    ),
}
_DATES = (
    r"(?:(?:lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche),? )?\d{1,2}(?:er)?"
    r" (?:jan|fev|mar|avr|mai|jui|aou|sep|oct|nov|dec)[a-z]{0,12}\.?(?:"
    r" \d{4})?(?:\W{0,4}a?\W{0,3}\d{1,2} ?[h:] ?\d{0,2})?",
    r"\d{1,2}[/.]\d{1,2}[/.]\d{2,4}(?:\W.{0,30})?",
    r"il y a \d{1,6} ?(?:min|h|j|heure|jour|an|mois|semaine)[a-z]{0,12}",
)
_NOTICE = re.compile(
    rf"\A\W{{0,9}}+(?:{'|'.join(rule for rules in _NOTICES.values() for rule in rules)})\W{{0,5}}",
    re.DOTALL,
)
# Days and hours alone, above the article; within it, they are those of a table or a live report.
_DATED = re.compile(
    rf"\W{{0,5}}(?:{'|'.join(_DATES)})\W{{0,5}}",
)
# Who wrote the article, above it: names have capitals, so that this is of the text as it is.
_BYLINE = re.compile(
    r"(?:Par|PAR|Texte|Propos recueillis par)\s?:?\s"
    r"(?:[A-ZÀ-Ý][\w'’.-]*+|d[eu]s?|la|le|et|avec|,|&|[|]|à|en|\s|\(|\))++\W*+"
)


def tell_kinds(blocks: list[Block], tree: Any, metadata: Metadata) -> list[Block]:
    """Return the blocks, each with its kind: heading, boilerplate or the article's body."""
    kinds = _tell_each(blocks, tree, metadata)
    sizes = [len(b.text) * (kind == "body") for b, kind in zip(blocks, kinds, strict=True)]
    for i, (block, kind) in enumerate(zip(blocks, kinds, strict=True)):
        is_closing = block.kind == "heading" and kind == "boilerplate"
        if is_closing and sum(sizes[i:]) <= _CLOSING * sum(sizes) and max(sizes[i:]) < _SUBSTANTIAL:
            kinds[i:] = ["boilerplate"] * len(kinds[i:])
            break
    return [Block(block.text, kind) for block, kind in zip(blocks, kinds, strict=True)]


def _tell_each(blocks: list[Block], tree: Any, metadata: Metadata) -> list[Kind]:
    """Return what each block is by itself, and by the links and the title of its page."""
    folded = [fold(block.text) for block in blocks]
    links = {fold(text) for text in _iter_links(tree)} | {fold(metadata.site or "")}
    title = _bare(metadata.title or "")
    others = _find_repeated(folded) | set(range(_count_before_title(blocks, title)))
    kinds: list[Kind] = []
    n_body = 0
    for i, (block, words) in enumerate(zip(blocks, folded, strict=True)):
        is_above = n_body <= _ABOVE
        if _bare(block.text) == title:
            kinds.append("heading")
        elif i in others or is_notice(block.text) or (is_above and _is_byline(block.text, words)):
            kinds.append("boilerplate")
        else:
            kinds.append(_tell_kind(block, words, links))
        n_body += kinds[-1] == "body"
    return kinds


def _iter_links(tree: Any) -> Iterator[str]:
    """Yield the texts of links, and of the blocks within them: a headline and a sentence, say."""
    for link in tree.iter("a"):
        for element in link.iter("a", "p", "div", "h2", "h3", "h4", "span"):
            yield short_text(element, _LONGEST)


def _tell_kind(block: Block, folded: str, links: set[str]) -> Kind:
    """Return what a block is by its marks and the links of its page."""
    if block.kind == "heading" and len(folded) < _PARAGRAPH:
        return "heading"
    return "boilerplate" if _is_link(folded, links) else "body"


def is_notice(text: str) -> bool:
    """Return whether all of a text is a notice of a site, such as an offer or a pointer."""
    return len(text) <= _LONGEST and _NOTICE.fullmatch(fold(text)) is not None


def _count_before_title(blocks: list[Block], title: str) -> int:
    """Return how many blocks stand above the title, 0 where most of the text does."""
    place = next(
        (i for i, b in enumerate(blocks) if b.kind == "heading" and _bare(b.text) == title), 0
    )
    above = sum(len(block.text) for block in blocks[:place])
    return place if above <= _CLOSING * sum(len(block.text) for block in blocks) else 0


def _is_link(folded: str, links: set[str]) -> bool:
    """Return whether a block is a link, maybe after a word or two for what it leads to."""
    if folded in links:
        return True
    label, blank, rest = "", " ", folded
    while blank and len(label) <= _LABEL and rest.count(" ") >= _FEWEST_REPEATED:
        if rest in links:
            return True
        first, blank, rest = rest.partition(" ")
        label += first + blank
    return False


def _is_byline(text: str, folded: str) -> bool:
    """Return whether a text is the line above an article that says who wrote it and when."""
    return _BYLINE.fullmatch(text) is not None or _DATED.fullmatch(folded) is not None


def _find_repeated(folded: list[str]) -> set[int]:
    """Return the blocks that stand within another, as the sentence does that a page shows large."""
    long = [i for i, words in enumerate(folded) if words.count(" ") >= _FEWEST_REPEATED]
    text = "\n".join(folded[i] for i in long)
    if len(text) * len(long) > _MOST_COMPARED:
        return set()
    seen: set[str] = set()
    repeated = set()
    for i in long:
        # A whole block stands between line breaks: the first of several equal ones is kept.
        if text.count(folded[i]) > 1 and (folded[i] in seen or _is_inside(folded[i], text)):
            repeated.add(i)
        seen.add(folded[i])
    return repeated


def _is_inside(words: str, text: str) -> bool:
    """Return whether some of the lines of a text have these words among others."""
    return f"\n{text}\n".count(f"\n{words}\n") < text.count(words)


def _bare(text: str) -> str:
    """Return a folded text without the marks around it."""
    return fold(text).strip(" .«»\"'!?…")
