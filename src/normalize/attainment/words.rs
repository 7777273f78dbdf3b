//! Words that issuers use for passed, failed and unfinished work.
//! Comes in: the text of a status, a value or a level, in any language. Goes out: its meaning, if it is certain: the whole text must be
//! a word in this file. Must not know: JSON, scales.

use icu_normalizer::DecomposingNormalizerBorrowed;
use std::collections::HashMap;
use std::sync::LazyLock;

/// The meaning of a word for the person's result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    Passed,
    Failed,
    Unfinished,
    /// Expected, or not yet confirmed.
    Provisional,
}

/// Longer texts are remarks, not words.
const LONGEST: usize = 200;

/// The meaning of the text; `None` for other words. In an identifier (`…/status#Failed`, `ob:Failed`), the last part counts.
pub fn word(text: &str) -> Option<Word> {
    if text.len() > LONGEST {
        return None;
    }
    let is_identifier = !text.contains(char::is_whitespace);
    let last = || text.rsplit(['/', '#', ':']).next().filter(|_| is_identifier);
    KNOWN.get(&plain(text)).copied().or_else(|| KNOWN.get(&plain(last()?)).copied())
}

/// Lower-case letters and digits without accents, punctuation and spaces: `Non-acquis`, `NON ACQUIS` → `nonacquis`.
pub fn plain(text: &str) -> String {
    let apart = DecomposingNormalizerBorrowed::new_nfkd();
    apart.normalize(text).chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

const TABLE: [(Word, &str); 4] =
    [(Word::Passed, PASSED), (Word::Provisional, PROVISIONAL), (Word::Unfinished, UNFINISHED), (Word::Failed, FAILED)];

static KNOWN: LazyLock<HashMap<String, Word>> = LazyLock::new(|| {
    let rows = |(said, words): (Word, &'static str)| words.split_whitespace().map(move |word| (plain(word), said));
    TABLE.into_iter().flat_map(rows).collect()
});

const FAILED: &str = "
    fail failed failing fails failure nopass notpass notpassed didnotpass nonpass unpassed unsuccessful notsuccessful
    unsatisfactory notsatisfactory notsatisfied insufficient inadequate notmet doesnotmeet didnotmeet requirementsnotmet
    notachieved unachieved notattained notreached notmastered notcompetent notyetcompetent notawarded notcertified nocredit
    nocreditawarded rejected denied refused disqualified withdrew withdrawn withdrawal dropped droppedout dropout abandoned
    cancelled canceled terminated expelled absent noshow notattended didnotattend didnotcomplete notcompleted
    revoked annulled void invalidated failedtocomplete referred
    nichtbestanden durchgefallen ungenugend ungenuegend nichtausreichend nichtgenugend nichtgenuegend nichtabgeschlossen
    abgebrochen zuruckgezogen zurueckgezogen nichterreicht nichterfullt nichterfuellt nichtteilgenommen nichterfolgreich
    exmatrikuliert nichtanerkannt nichterschienen
    echoue echouee echec nonacquis nonacquise nonvalide nonvalidee refuse refusee ajourne ajournee recale recalee insuffisant
    insuffisante abandon abandonne nonreussi nonadmis nonadmise nonatteint absente elimine
    suspenso suspensa suspendido suspendida reprobado reprobada noaprobado noaprobada noapto noapta nosuperado nosuperada
    insuficiente abandonado fallido desaprobado desaprobada nopresentado noalcanzado
    bocciato bocciata respinto respinta nonsuperato nonsuperata insufficiente nonidoneo nonidonea nonammesso nonammessa
    ritirato ritirata nonraggiunto
    reprovado reprovada naoaprovado naoaprovada naoapto desistiu desistente
    gezakt onvoldoende nietgeslaagd nietbehaald nietvoldaan teruggetrokken afgewezen nietvoldoende
    ikkebestatt ikkebestaatt ikkebestået ikkebestaaet ikkebestaet underkand underkant underkjent stryk strøket ejgodkand ejgodkant
    ickegodkand ickegodkant ikkegodkendt ikkegodkjent avbruten dumpet hylatty
    niezaliczony niezaliczona niezaliczone niezaliczono niezdany niezdana niezdane niezdał niezdał niedostateczny
    neprospel neprospela nevyhovel nesplneno nesplnil nevyhovela nedostatecny nedostatecne
    megbukott elegtelen nemfeleltmeg respins respinsa picat nepromovat basarisiz kaldı kaldi nijepolozio nijepolozen pao
    nezadostno nezadovoljivo mittearvestatud neieskaitits neiskaityta
    απετυχε απορριφθηκε
    незачет неудовлетворительно неудовл несдано несдал провалено незараховано незадовільно незадовiльно
    不及格 不合格 未通过 未通過 未合格 不可 불합격 راسب נכשל";

const UNFINISHED: &str = "
    enrolled enroled enrolment enrollment registered inprogress inprocess progressing ongoing onhold started notstarted
    notyetstarted begun incomplete notyetcomplete notyetcompleted partial partiallycompleted unfinished paused deferred
    postponed interrupted pending pendingreview inreview underreview awaitingresult awaitingresults awaiting planned
    scheduled attending studying underway current waiting waitlisted
    eingeschrieben angemeldet immatrikuliert inbearbeitung laufend begonnen nochnichtabgeschlossen ausstehend unterbrochen
    inausbildung imgange angefangen
    inscrit inscrite encours encoursdacquisition enattente commence nontermine inacheve
    matriculado matriculada inscrito inscrita encurso enprogreso pendiente encursoactual incompleto incompleta iniciado
    iscritto iscritta incorso insospeso nonterminato noncompletato emcurso emandamento pendente
    ingeschreven bezig lopend inbehandeling inuitvoering nogniet nietafgerond gestart
    inskriven pagaende pabegynt påbegynt tilmeldt igang underveis kesken ilmoittautunut
    wtrakcie zapisany zapisana probiha zapsan folyamatban incurs inscris devamediyor
    впроцессе зачислен обучается 进行中 進行中 在读 已注册 受講中 履修中 진행중";

const PROVISIONAL: &str = "
    provisional provisionally provisionalpass predicted estimated expected forecast preliminary conditional conditionalpass
    unconfirmed vorlaufig vorlaeufig provisoire previsionnel provisorio provisoria preliminar voorlopig preliminar forelopig
    foreløpig wstepny";

const PASSED: &str = "
    pass passed passes completed complete completedsuccessfully successfullycompleted successful success succeeded achieved
    attained met satisfactory satisfied requirementsmet competent accomplished awarded certified mastered
    bestanden abgeschlossen erfolgreich erfolgreichabgeschlossen erreicht erfullt erfuellt anerkannt
    reussi reussie valide validee acquis acquise admis admise atteint
    aprobado aprobada apto apta superado superada completado completada
    superato superata idoneo idonea promosso promossa completato
    aprovado aprovada concluido concluida
    geslaagd behaald voldaan voldoende afgerond
    godkand godkant godkendt godkjent bestatt bestaatt bestået bestaet avklarad hyvaksytty suoritettu
    zaliczony zaliczona zaliczone zaliczono zdany zdana zdane ukonczony ukonczono
    prospel prospela splneno vyhovel absolvoval sikeres megfelelt teljesitette promovat admisa basarili gecti polozio
    зачет зачтено сдано пройдено зараховано 合格 通过 通過 及格 합격 ناجح עבר";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spelling_of_a_word_makes_no_difference() {
        for text in [
            "Failed",
            " FAILED ",
            "failed.",
            "No pass",
            "no-pass",
            "Not_Passed",
            "Échoué",
            "nicht bestanden",
            "Ungenügend",
            "不合格",
        ] {
            assert_eq!(word(text), Some(Word::Failed), "{text}");
        }
        for text in ["InProgress", "in progress", "IN_PROGRESS", "On hold", "Enrolled", "Påbegynt", "en cours", "Incomplete"] {
            assert_eq!(word(text), Some(Word::Unfinished), "{text}");
        }
        for text in ["Completed", "pass", "Bestanden", "réussi", "Godkänd", "bestået"] {
            assert_eq!(word(text), Some(Word::Passed), "{text}");
        }
        assert_eq!(word("Provisional"), Some(Word::Provisional));
    }

    #[test]
    fn an_identifier_says_what_its_last_part_says() {
        for text in [
            "https://purl.imsglobal.org/spec/vc/ob/vocab.html#Failed",
            "ob:Failed",
            "urn:x:not-passed",
            "https://example.org/levels/fail",
        ] {
            assert_eq!(word(text), Some(Word::Failed), "{text}");
        }
    }

    #[test]
    fn a_text_with_more_in_it_says_nothing_certain() {
        for text in
            ["", "Passed after two failures", "Result: passed", "Pass mark not reached", "B", "60%", &"failed ".repeat(60)]
        {
            assert_eq!(word(text), None, "{text}");
        }
    }

    #[test]
    fn no_word_says_two_things() {
        for (said, words) in TABLE {
            let other: Vec<_> = words.split_whitespace().filter(|text| word(text) != Some(said)).collect();
            assert!(other.is_empty(), "{said:?}: {other:?}");
        }
    }
}
