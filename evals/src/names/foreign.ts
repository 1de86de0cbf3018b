/** Everyday German nouns: German writes them all with a capital, and joins them. Written for the tagger. */
const nouns =
  'Abend Abteilung Adresse Alter Angebot Anfrage Angst Antrag Antwort Anwendung Arbeit Arzt Auftrag Aufgabe Ausbildung Auto Bahn Balkon Bank Baum Bedeutung Beispiel Bericht Beruf Bescheid Betrag Bewerbung Bild Blume Brief Brot Buch Bundesland Büro Computer Dach Datei Daten Datum Deckung Dienst Drucker Eingabe Eintrag Ende Energie Entscheidung Entwicklung Erfahrung Ergebnis Ernährung Europa Fahrrad Fahrt Familie Fehler Fenster Ferien Feuer Film Firma Fleisch Flug Flughafen Forschung Frage Frau Freitag Freiheit Freund Frieden Garten Gebäude Gebühr Geburtstag Gedanke Gefahr Geld Gemüse Gericht Geschäft Geschenk Geschichte Gesetz Gespräch Gesundheit Gewicht Glas Grund Gruppe Hafen Hand Handel Haus Haushalt Hausaufgabe Herz Hilfe Hotel Hund Idee Inhalt Internet Jahr Jugend Kaffee Karte Kasse Katze Kind Kirche Klasse Kleidung Klima Knopf Koffer Konto Kosten Krankheit Krieg Kreis Küche Kultur Kunde Kunst Kurs Lampe Land Leben Lehrer Leistung Leser Licht Liebe Lied Lösung Luft Macht Mann Markt Maschine Meer Meinung Mensch Menü Miete Mitarbeiter Mittag Möbel Monat Morgen Musik Mutter Nachricht Nacht Name Natur Netz Ordner Ort Papier Park Partei Passwort Pause Pflanze Plan Platz Politik Polizei Praxis Preis Problem Produkt Programm Prüfung Punkt Qualität Rechnung Recht Regel Regierung Reise Rezept Richtung Rolle Sache Satz Schiff Schlüssel Schrift Schritt Schule Schutz Schule See Seite Sendung Server Sicherheit Software Sommer Sonne Speicher Sprache Staat Stadt Stelle Steuer Stimme Stoff Straße Stunde System Tag Tasche Teil Telefon Termin Text Thema Tier Tipp Tisch Tür Übung Umwelt Universität Unternehmen Unterricht Urlaub Ursache Verbindung Verein Vergleich Verkehr Versicherung Vertrag Vogel Vorschlag Wahl Wald Wand Wasser Weg Welt Werbung Werk Wert Wetter Winter Wirtschaft Wissen Woche Wohnung Wort Wunsch Zahl Zeit Zeitung Ziel Zimmer Zug Zukunft Zusammenfassung Zustand'.split(
    ' ',
  );

/** `{N}` a German noun, plain or joined of two. */
const german = [
  'Können Sie mir die {N} und den {N} erklären?',
  'Wie finde ich eine {N} in der Nähe?',
  'Was ist der Unterschied zwischen {N} und {N}?',
  'Ich suche einen {N} für meine {N}.',
  'Welche {N} braucht man für den {N}?',
  'Schreiben Sie einen {N} über die {N} der {N}.',
  'Gibt es in {land} eine {N} mit {N}?',
  'Die {N} von {o} ist seit {n} Jahren offen.',
  'Der {N} hat alle {n} Stunden eine {N}.',
  'Bitte senden Sie uns die {N} bis Freitag.',
  'Warum ist die {N} so teuer? Weil der {N} fehlt.',
  'Erstelle eine Liste von {N}, {N} und {N}.',
  'Gib mir Tipps zur {N} im {N}.',
  'Meine {N} funktioniert nicht mehr. Könnt ihr mir helfen?',
  'Wann öffnet das {N} am Montag? Ab {n} Uhr.',
  'Im {N} wurden {n} {N} gezählt.',
  'Nach der {N} gehen wir in das {N}, {n} Minuten zu Fuß.',
  '## {N}\n\nDer {N} zeigt die {N}. Siehe {N} {n}.',
  'Fehler {n}: {N} nicht gefunden',
  'Betreff: {N} {n}\n\nSehr geehrte Damen und Herren,\n\nanbei die {N}.\n\nMit freundlichen Grüßen',
  'Wollen Sie die {N} wirklich löschen?',
  'Generieren Sie ein {N} für die {N}, das {N} prüft.',
  'Herr Doktor, ich habe seit {n} Tagen {N}.',
  'Ihr {N} kostet {n} Euro pro {N}.',
  'Wir haben {n} Kinder im Alter von {n} und {n} Jahren.',
];
const others = [
  'Pouvez-vous expliquer la différence entre les deux contrats ?',
  'Générez un rapport sur les ventes du mois dernier en {land}.',
  'Quels sont les horaires ? Ouvert tous les jours, {n} heures par semaine.',
  'Bonjour, je voudrais changer mon mot de passe. Merci d’avance.',
  'Le prix est de {n} euros. Les frais de port sont offerts.',
  'Nous avons reçu votre demande numéro {n} et nous vous répondrons bientôt.',
  'Comment puis-je améliorer mon français ? Donnez-moi {n} conseils.',
  'Cordialement,\nLe service client',
  'Écrivez une lettre de motivation. Ajoutez une conclusion.',
  '¿Cuál es la diferencia entre los dos planes? Explique en {n} líneas.',
  'Hola, quisiera cambiar mi contraseña. Gracias de antemano.',
  'Genere un informe sobre las ventas de {land}. Incluya gráficos.',
  'Crea una tabla con {n} columnas. Después guarda el archivo.',
  'El precio es de {n} euros. Los gastos de envío son gratis.',
  'Desarrollar un plan para la empresa. Escribir un resumen.',
  'Buenos días, su pedido {n} ha sido enviado. Un saludo, Atención al cliente',
  'Qual è la differenza tra i due contratti? Spiega in {n} righe.',
  'Buongiorno, vorrei cambiare la password. Grazie mille.',
  'Crea un elenco di {n} ricette. Aggiungi le foto.',
  'Il prezzo è di {n} euro. La spedizione è gratuita. Cordiali saluti',
  'Wat is het verschil tussen de twee contracten? Leg uit in {n} regels.',
  'Goedemorgen, ik wil mijn wachtwoord wijzigen. Bedankt.',
  'Maak een lijst van {n} recepten. Voeg de foto’s toe.',
  'De prijs is {n} euro. Met vriendelijke groet, Klantenservice',
  'Qual é a diferença entre os dois contratos? Explique em {n} linhas.',
  'Bom dia, gostaria de mudar a minha senha. Obrigado.',
  'Crie uma lista de {n} receitas. Adicione as fotos.',
  'Jaka jest różnica między umowami? Proszę o {n} zdań.',
  'Vad är skillnaden mellan avtalen? Förklara på {n} rader.',
];

export const foreign: readonly string[] = [...german, ...german, ...others];

/** Joined nouns take an -s- about every second time, as German does. `more` are nouns besides our own. */
export function germanNoun(number: (below: number) => number, more: readonly string[]): string {
  const one = (from: readonly string[]) => from[number(from.length)] ?? '';
  const form = number(4);
  if (form === 0 && more.length > 0) return one(more);
  if (form < 3) return one(nouns);
  return `${one(nouns)}${number(2) > 0 ? 's' : ''}${one(nouns).toLowerCase()}`;
}
