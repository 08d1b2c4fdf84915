"""The words that tell whether a message asks for a person, by what they do in a sentence, in English, German, Spanish, French,
Portuguese, Italian and Dutch. Data only: what follows from them is in `bot.wishes`. Lower case, without accents and apostrophes
("don't" is "dont"). A word stands in one kind only, the one it mostly has in messages to a help center."""

KINDS: dict[str, str] = {
    # the customer, and who is spoken to
    "I": """
        i we im id ive ill iam wed weve imma ich wir yo nosotros je nous jai eu nos io noi ik wij
    """,
    "ME": "me us myself ourselves mich mir uns moi mij",
    "YOU": """
        you u ya yall youre ihr sie du euch usted ustedes tu vous voce voces lei voi jij jullie uw
    """,
    "YOUR": """
        your ur yours ihre ihrem ihren ihres su sus votre vos seu sua vostro vostra suo suoi vostri jouw
    """,
    "MY": """
        my our mine mein meine meinen meinem unser mis mon ma mes notre meu minha meus minhas mio mia miei
        mie mijn onze
    """,
    "THEY": """
        they he she them him her their customers visitors visitor users user clients client callers guests
        guest students shoppers kunden nutzer clientes usuarios utilisateurs utenti clienti klanten
        gebruikers
    """,
    # what is wished, and of whom
    "WANT": """
        want wanna need wish prefer demand require request insist desire expect hope wants needs wanted
        requesting rather better love mochte moechte will wurde brauche hatte bevorzuge verlange wunsche
        quiero quisiera necesito prefiero deseo gustaria exijo pido querria necesitaria veux voudrais
        souhaite aimerais prefere besoin faut souhaiterais prefererais demande dois quero preciso gostaria
        prefiro desejo queria peco voglio vorrei bisogno preferisco desidero serve preferirei chiedo
        piacerebbe wil zou liever moet graag gern gerne lieber gotta gonna looking
    """,
    "LIKE": "like",
    "CAN": """
        can could may might possible able possibly chance kann konnte konnen konnten konnt puedo podria
        puede pueden podrian posible puis peux peut pouvez pourrais pourrait pourriez posso poderia pode
        podem possivel potrei puo potete potrebbe possibile kan kunnen kunt mag mogelijk
    """,
    "WOULD": "would should shall mind",
    "LET": """
        let lemme allow permit have having lassen lass deja dejame dejeme laissez laisse deixa deixe fatemi
        lasciatemi fate fammi laat
    """,
    "GIVE": """
        give get gimme bring find send fetch show summon grab getting geben gib gebt holen hol deme dame
        denme busqueme donnez donne datemi dammi dia geef haal hook finde
    """,
    "HAND": """
        connect connected transfer transferred pass put hand forward escalate switch redirect direct route
        refer patch link handover connecting transferring escalated passing putting forwarding transfered
        through involve involved verbinden verbinde verbindet weiterleiten leiten ubergeben ubergib weiter
        durchstellen stellen paseme pasame pasar pasas comuniqueme comunicame comunicarme comunica
        transfierame transfiereme transferir transfiere pongame ponme conectame conecteme conectar derivame
        escale transfiera passez passer passe mettez mettre transferez transferer connectez redirigez
        relation intervenir transfere transfira passa conecta conecte encaminhe coloca poe chama chame
        chamar passi passatemi passami passarmi passate metta mettermi mettetemi mettete trasferisca
        trasferirmi colleghi collegarmi verbind doorverbinden doorverbonden doorzetten zet stuur koppel door
        breng
    """,
    "TALK": """
        talk speak chat discuss converse communicate conversation talking speaking chatting word spk
        correspond voice sprechen reden chatten schreiben besprechen unterhalten telefonieren sprech rede
        hablar chatear conversar hablo tratar atienda atendiera atender atendido parler discuter echanger
        tchatter parle dialoguer voir falar falo resolver parlare chattare parlo discutere parlarne
        confrontarmi seguito praten spreken overleggen bespreken bespreek praat spreek
    """,
    "REACH": """
        contact reach touch contacting reaching hold erreichen erreiche kontaktieren melden contactar
        contactarme contacte contacto joindre contacter contato contatar contattare contattato ricontattato
        contatto bereiken
    """,
    "CALL": """
        call phone ring callback calling phoned telephone called anrufen ruckruf anruf rufen zuruckrufen
        llame llamen llamar llamada llamarme llamenme appeler rappeler appelez rappelez rappele appelle
        rappel ligue liguem ligar liga chiami chiamare chiamatemi richiamatemi richiamarmi richiamato
        chiamarmi bellen bel terugbellen teruggebeld beller
    """,
    "BACK": "back zuruck terug",
    "ASK": "ask asking asked say tell told said question asks sag sagen fragen",
    "HELP": """
        help assist answer handle look check review respond reply explain join solve read resolve deal fix
        sort attend step aid investigate eyes helfen hilft ansehen ansieht kummern ubernehmen ayude ayudar
        ayudarme revise aider aide regarder ajudar ajude veja aiutare aiutarmi aiuti aiuto guardasse helpen
        helpt geholpen kijkt kijken hulp helping attention
    """,
    # a person of ours
    "HUMAN": """
        human humans humain humaine humains humano humana humanos umano umana umani mensch menschen mens
        mensen menselijke menschlichen etre humanbeing
    """,
    "BEING": "being beings ser essere",
    "AGENT": """
        agent agents operator operators representative representatives rep reps csr advisor adviser advisors
        consultant consultants executive clerk officer assistant technician engineer specialist expert
        associate mitarbeiter mitarbeiterin mitarbeitern berater beraterin kundenberater ansprechpartner
        techniker supportmitarbeiter agenten agente agentes operador operadora asesor asesora representante
        ejecutivo ejecutiva tecnico conseiller conseillere operateur operatrice interlocuteur technicien
        representant atendente atendentes assessor assistente operatore consulente addetto rappresentante
        medewerker medewerkster adviseur servicemedewerker vertegenwoordiger technicus operatoren
    """,
    "BOSS": """
        manager supervisor boss superior vorgesetzten chef chefin leitung gerente jefe encargado responsable
        responsabile direttore leidinggevende baas directeur fachabteilung management
    """,
    "PERSON": """
        person people personne personnes persona personas pessoa pessoas persone persoon gente guy dude lady
        bloke man woman ppl soul
    """,
    "SOMEONE": """
        someone somebody anyone anybody some1 sm1 any1 jemand jemanden jemandem wem alguien quelquun qqun
        alguem qualcuno iemand echtem
    """,
    "ONE": "one",
    "WORKER": """
        colleague colleagues employee employees staff member members team worker workers kollege kollegen
        kollegin colega colegas equipo empleado miembro collegue collegues equipe membre employe funcionario
        collega impiegato squadra collegas
    """,
    "SUPPORT": """
        support helpdesk care assistance service hotline kundenservice kundendienst soporte atencion
        servicio suporte atendimento supporto assistenza servizio klantenservice kundensupport desk
    """,
    "CUSTOMER": "customer cliente technical tech",
    "DEPARTMENT": "billing sales accounts accounting finance department departments returns shipping bookings reception level tier",
    "REAL": """
        real live actual alive living proper physical true flesh irl echt echten echter echte richtigen
        realen reale verdadero verdad verdade vrai vraie reel reelle vera vero actually personally personal
    """,
    # not a person
    "BOT": """
        bot bots robot robots machine machines computer ai chatbot chatbots software automated automatic
        program recording roboter maschine maquina logiciel automatiques automatica automaticas automatiche
        automatische canned
    """,
    # a wish turned round
    "NOT": """
        not no dont without never stop cant cannot wont nor nope nah didnt doesnt arent neednt quit enough
        sick tired fed hate refuse instead nicht kein keine keinen nie sin nunca basta harto ne pas marre
        nao sem chega non senza niet geen genoeg zonder nothing stopp ningun aucun besser but except forget
    """,
    # asking
    "HOW": "how where wie wo como donde comment ou onde come dove hoe waar way",
    "WHAT": """
        what which when why who whom whats whos whose welche wann warum wer que cual cuando quien quel
        quelle quels quand qui qual quando quem quale quali chi wat welke wanneer combien cuantos quantos
        quanti hoeveel cuanto quanto
    """,
    "DO": "do does did done",
    "IS": """
        is are am be been isnt ist sind bin gibt hay es son est sont sommes tem sou sei zijn ben theres
    """,
    "THERE": "there here available around online free anywhere da hier dort ahi aqui la ici daar",
    "PAST": """
        was were had yesterday already spoke talked last week ago hat gestern dijo ayer hable dit disse
        ontem falei detto ieri zei gisteren gesagt gesprochen promised
    """,
    "COND": "if once before after while until",
    # what is done to agents and people that is no wish for one, and people and things that are not ours
    "ADMIN": """
        add adding remove removing delete invite create edit deactivate train rename manage export import
        block mention rate hire set configure install update uninstall register list see change schedule
        enable disable tag merge promote pay share upload restart test verify filter count pick report setup
        assign become open close record embed cancel order buy upgrade turn customize hinzufugen einladen
        loschen entfernen anlegen bearbeiten exportieren umbenennen sperren zuweisen bezahlen andern andere
        fuge lade agregar agrego anadir eliminar invitar invito borrar editar asignar exportar crear
        bloquear pagar configurar cambiar cambio ajouter supprimer inviter modifier creer exporter bloquer
        attribuer gerer configurer payer adicionar adiciono remover excluir convidar convido alterar altero
        criar atribuir cancelar aggiungere aggiungo rimuovere eliminare invitare modificare creare esportare
        bloccare assegnare cambiare toevoegen verwijderen uitnodigen bewerken aanmaken exporteren blokkeren
        toewijzen wijzigen voeg wijzig nodig
    """,
    "OTHER": """
        seller sellers driver landlord host courier buyer buyers doctor restaurant teacher bank friend
        friends owner player author publisher tenant carrier hotel airline recipient supplier developer
        server database wife husband patient api printer follower followers merchant vendor money verkaufer
        vermieter fahrer freunde freunden gastgeber arzt kaufer vendedor conductor anfitrion repartidor
        medico comprador propietario vendeur chauffeur hote livreur medecin acheteur proprietaire motorista
        anfitriao entregador venditore autista corriere acquirente proprietario verkoper verhuurder bezorger
        arts koper another someones partner
    """,
    "THING": """
        role roles status permission permissions password email page form number address name picture icon
        plan price pricing hours opening license licence seat seats limit notifications dashboard statistics
        queue access token location screen settings widget data format readable resources handbook history
        transcript error calendar account invoice refund counter string version file folder app website menu
        button field tab group groups salary rolle preis rechnung passwort rol precio factura horario prix
        facture horaires papel preco fatura ruolo prezzo fattura orari prijs factuur estate language
        languages office cost costs fee sample
    """,
    # small words
    "A": """
        a an any some um uma un una une uno ein eine einen einem einer een unos der die das den dem el le
        les o os il lo de het des au ao al
    """,
    "THE": "the",
    "TO": """
        to with mit zu met aan con avec com 2 w per pour para by von from of in at on for about d dal
    """,
    "FROM": "fron behalf within over up off out into",
    "PLS": """
        please pls plz plse now asap urgent urgently immediately thanks thank thx kindly today bitte jetzt
        sofort endlich danke favor porfavor porfa ahora svp stp plait merci maintenant agora ja obrigado pfv
        favore adesso subito grazie ora aub alsjeblieft alstublieft nu bedankt sir mate tbh lol right
    """,
    "HI": """
        hi hello hey dear good morning afternoon evening hallo hola bonjour ola ciao hoi ok okay sorry
        excuse
    """,
    "THIS": """
        this that it case issue problem ticket matter query dies esto eso ca cela isto isso questo cosa
    """,
    "JUST": """
        just only really again still ever even too so very simply direkt nur solo seulement juste apenas
        soltanto gewoon
    """,
    "AND": "and or then und oder y et e ed en porque because",
    "SWEAR": "fucking damn bloody goddamn freaking fuckin",
}
