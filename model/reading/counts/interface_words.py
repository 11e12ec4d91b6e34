"""The words and phrases by which an interface speaks, by family: sharing, subscribing and so on."""

from __future__ import annotations

# Words and phrases (joined by _) of an interface, by family; accents folded, elisions apart.
FAMILIES = {
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
PHRASES = {
    tuple(phrase.split("_")): number
    for number, phrases in enumerate(FAMILIES.values())
    for phrase in phrases.split()
}
LONGEST_PHRASE: dict[str, int] = {}  # by first word
for _phrase in PHRASES:
    LONGEST_PHRASE[_phrase[0]] = max(LONGEST_PHRASE.get(_phrase[0], 0), len(_phrase))
