"""What the synthetic voices say: the vocabulary, and other words, from which it is to be told."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from spoken_digits.corpora.transcription import (
    REFERENCE,
    Phonemes,
    Transcripts,
    check_speakable,
    sound,
    transcribe,
)
from spoken_digits.vocabulary import Vocabulary

OTHER_WORDS = {
    language: tuple(words.split())
    for language, words in {
        "en": (
            "yes no up down left right on off stop go cat dog bird bed house tree happy wow marvin "
            "sheila hello music light open close start play pause next back volume water table "
            "window morning evening people really about because kitchen orange yellow number "
            "please sorry thanks okay maybe never always under over garden summer winter paper "
            "river mother father sister brother alpha bravo delta echo hotel india kilo lima oscar "
            "papa quebec romeo tango victor whiskey the and with from this that there where when "
            "what who which while after before again forward follow learn visual backward tomato "
            "market doctor travel simple circle purple ten eleven twelve twenty hundred wonder "
            "heaven fighter sick mine tea fear zebra sixty"
        ),
        "de": (
            "ja nein hallo danke bitte links rechts oben unten an aus stopp los weiter zurück auf "
            "zu licht musik lauter leiser heute morgen gestern wasser fenster garten küche tisch "
            "stuhl haus baum hund katze vogel blume sommer winter regen sonne mutter vater bruder "
            "schwester arbeit schule straße zeitung freund zeit jahr leben welt immer vielleicht "
            "niemals warum woher dieser unter zwischen gegen zusammen rot blau grün gelb schwarz "
            "frei brei zwar hier bier tier wir nacht macht wachs fuchs lieben sieb neu nuss nur "
            "eis eine zehn elf zwölf zwanzig hundert tausend"
        ),
        "fr": (
            "oui non bonjour merci gauche droite haut bas stop avance recule ouvre ferme musique "
            "lumière aujourd'hui demain hier eau table chaise fenêtre jardin cuisine maison arbre "
            "chien chat oiseau fleur soleil pluie hiver printemps mère père frère soeur travail "
            "école journal ami temps année vie monde toujours jamais peut-être pourquoi comment "
            "quand contre ensemble rouge bleu vert jaune noir blanc euro héros doux dos droit roi "
            "toi carte quart sable suite nuit fruit cercle tête seul veuf oeuf neige dix onze "
            "douze vingt cent mille"
        ),
        "es": (
            "sí no hola gracias izquierda derecha arriba abajo alto sigue atrás abre cierra música "
            "luz hoy mañana ayer agua mesa silla ventana jardín cocina casa árbol perro gato "
            "pájaro flor sol lluvia verano invierno madre padre hermano hermana trabajo escuela "
            "calle amigo tiempo año vida mundo siempre nunca quizás porque cuando contra entre "
            "juntos rojo azul verde negro blanco pero acero dinero humo luna voz tos tren mes "
            "cuadro cuanto cinta seda rey tiene viene noche coche bosque nieve llueve nuevo diez "
            "once doce veinte cien mil"
        ),
        "it": (
            "sì no ciao grazie sinistra destra sopra sotto ferma avanti indietro apri chiudi "
            "musica luce oggi domani ieri acqua tavolo sedia finestra giardino cucina casa albero "
            "cane gatto uccello fiore sole pioggia estate inverno madre padre fratello sorella "
            "lavoro scuola strada amico tempo anno vita mondo sempre mai forse perché quando "
            "contro insieme rosso verde giallo nero bianco vero euro luna umano bue tue re tra "
            "quadro quanto dunque lei poi sete letto tutto notte rotto neve dove nuovo dieci "
            "undici dodici venti cento mille"
        ),
    }.items()
}
"""Words that are no digits, by language; some sound nearly like one."""


class SpokenWords(NamedTuple):
    """What a run's voices say, and how espeak-ng pronounces it."""

    vocabulary: Vocabulary
    others: tuple[str, ...]
    """Words outside the vocabulary."""
    transcripts: Transcripts
    """Of what the vocabulary says, by voice and by text."""

    def sounds_of_others(self, label: str, voice: str) -> set[str]:
        """Return how all words of the vocabulary but one ``sound`` in a voice."""
        return {
            sound(self.transcripts[voice][said])
            for word in self.vocabulary.words
            if word.label != label
            for said in word.said
        }


def spoken_words(
    vocabulary: Vocabulary, voices: Iterable[str], also: Sequence[str] = ()
) -> SpokenWords:
    """Return what voices of espeak-ng ("gmw/en") are to say; ``also`` is said, too.

    Raises UserError that names a label of which they would say nothing, SynthesisError if espeak-ng
    does not run on this machine.
    """
    reference = REFERENCE[vocabulary.language]
    others = OTHER_WORDS[vocabulary.language]
    said = [said for word in vocabulary.words for said in word.said]
    transcripts = transcribe([*said, *others, *also], {*voices, reference})
    check_speakable(vocabulary, transcripts[reference])
    return SpokenWords(vocabulary, unlike(others, vocabulary, transcripts[reference]), transcripts)


def unlike(
    words: Sequence[str], vocabulary: Vocabulary, transcripts: Mapping[str, Phonemes]
) -> tuple[str, ...]:
    """Return those words that neither are nor sound like what the vocabulary says.

    What sounds alike has the same phonemes but for stress and length, as "know" and "no" have.
    """
    texts = [said for word in vocabulary.words for said in word.said]
    named = {said.casefold() for said in texts}
    sounds = {sound(transcripts[said]) for said in texts}
    return tuple(
        word
        for word in words
        if word.casefold() not in named and sound(transcripts[word]) not in sounds
    )
