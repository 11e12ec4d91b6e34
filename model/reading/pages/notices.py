"""Whether a block of a page is a notice of its site: an offer, a pointer, a credit and the like."""

from __future__ import annotations

import re

from depeche.model.reading.pages.page import fold

_LONGEST = 500  # characters of a notice

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
        r"\b(?:abonnez|abonner|connecte[rz]|(?:un|votre) compte|inscri[vt]|accepte[rz]"
        r"|notre offre).{0,250}",
        r"(?=.*\b(?:abonne[rz]|m'abonne|sans engagement|illimite|essai|offre|resiliable))"
        r"(?=.*\d ?(?:€|euros?|chf)).{0,250}",
        r"(?=.*\b(?:abonn|mois|offre|essai|resili)).{0,80}\bsans engagement\b.{0,80}",
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
        r"(?=.*\b(?:lire|lisez|lecture|compte|connect))"
        r".{0,60}\b(?:un autre appareil|un seul appareil|plusieurs appareils)\b.{0,250}",
        r"(?:soutenez|faites un don|faire un don|je fais un don|je soutiens)\b.{0,250}",
        r"(?:article|contenu|edition|acces|video)s? (?:gratuit|offert|libre|premium|abonne"
        r"|payant|reserve)e?s?",
        r"(?:cet article|ce contenu|ce texte) (?:vous est|est|vous a ete) (?:offert|gratuit"
        r"|en acces libre).{0,150}",
    ),
    "cookies": (
        r"(?=.*\b(?:cookies?|traceurs?)\b)(?=.*\b(?:vous|vos|votre|nous|nos|notre|accepter"
        r"|gerer)\b)"
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
        r"(?:lire |voir )(?:notre|nos) \w{1,25}(?: \w{1,25}){0,3} ?[:>»].{0,300}",
        r"(?:notre|nos) (?:dossier|enquete|decryptage|analyse|reportage|selection|article|podcast"
        r"|video|entretien|tribune|edito|infographie|carte"
        r"|direct)s?(?: \w{1,25}){0,3} ?[:>»].{0,300}",
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
        r"(?:la |les )?(?:newsletter|infolettre)s?(?: \w{1,25}){0,3}",
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
        r"[^.!?]{0,110} ?[/|–—] ?(?:afp|reuters|ap|sipa|getty images|abaca|maxppp|epa|belga"
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
_NOTICE = re.compile(
    r"\A(?:(?![©📷(])\W|\((?!c\))){0,9}+"
    rf"(?:{'|'.join(rule for rules in _NOTICES.values() for rule in rules)})\W{{0,5}}",
    re.DOTALL,
)
_SPEAKS = re.compile(
    r"\b(?:vous|votre|vos|nous|notre|nos|abonn|cookies?|traceurs?|newsletter|infolettre|droits"
    r"|copyright|signale)|[©%]"
)


def is_notice(text: str) -> bool:
    """Return whether all of a text is a notice of a site, such as an offer or a pointer.

    What is a sentence, and does not speak to the reader or of what readers buy, is none.
    """
    if len(text) > _LONGEST:
        return False
    folded = fold(text)
    if folded.endswith(".") and folded.count(" ") > 1 and not _SPEAKS.search(folded):
        return False
    return _NOTICE.fullmatch(folded) is not None
