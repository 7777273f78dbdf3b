//! Taxonomies: every official form is read, broken rows are named by their line, and what is compiled is found again.

use skillgate::skills::coefficients::Coefficients;
use skillgate::skills::evaluate;
use skillgate::skills::pairs;
use skillgate::taxonomy::bundle::{Bundle, Kind, Match};
use skillgate::taxonomy::import::{self, Wanted};
use skillgate::taxonomy::{Catalogue, Library, build, unbuild};

fn read(name: &str, text: &str) -> Bundle {
    import::read(name, text.as_bytes(), &Wanted { name: "test".to_owned(), version: "1".to_owned(), ..Wanted::default() })
        .unwrap()
}

fn compiled(mut bundle: Bundle) -> Catalogue {
    bundle.tidy();
    Catalogue::unpack(&build::build(&bundle).pack()).unwrap()
}

#[test]
fn a_broken_row_is_named_by_its_line_and_left_out() {
    let bundle = read("own.csv", "id,name,description\nA1,Welding,Joins metal\n,,\nA2,,No name\nA3,Planning,a,b,c\nA4,Tiling,\n");
    assert_eq!(bundle.concepts.iter().map(|concept| concept.uri.as_str()).collect::<Vec<_>>(), ["A1", "A4"]);
    assert_eq!(bundle.problems.iter().map(|problem| problem.line).collect::<Vec<_>>(), [3, 4, 5]);
    let error = import::read("x.csv", b"colour,size\nred,4\n", &Wanted::default()).unwrap_err().to_string();
    assert!(error.contains("name") && error.contains("colour, size"), "{error}");
}

#[test]
fn turtle_and_rdf_xml_say_the_same() {
    let turtle = r#"@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix t: <https://skills.example.org/> .
# A comment; with marks.
t:scheme a skos:ConceptScheme ; skos:prefLabel "Trades"@en .
t:metal a skos:Concept ; skos:prefLabel "metal work"@en .
t:weld a skos:Concept ;
  skos:prefLabel "arc welding"@en , "Lichtbogenschwei\u00DFen"@de ;
  skos:altLabel """electric
welding"""@en ;
  skos:broader t:metal ;
  skos:exactMatch <http://data.europa.eu/esco/skill/1> ;
  skos:notation "W1" .
t:bad a skos:Concept ; unknown:thing "x" .
t:last a skos:Concept ; skos:prefLabel "tiling"@en .
"#;
    let xml = r#"<?xml version="1.0"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:skos="http://www.w3.org/2004/02/skos/core#">
 <skos:ConceptScheme rdf:about="https://skills.example.org/scheme"><skos:prefLabel xml:lang="en">Trades</skos:prefLabel></skos:ConceptScheme>
 <skos:Concept rdf:about="https://skills.example.org/metal"><skos:prefLabel xml:lang="en">metal work</skos:prefLabel></skos:Concept>
 <skos:Concept rdf:about="https://skills.example.org/weld">
  <skos:prefLabel xml:lang="en">arc welding</skos:prefLabel>
  <skos:prefLabel xml:lang="de">Lichtbogenschwei&#223;en</skos:prefLabel>
  <skos:altLabel xml:lang="en">electric welding</skos:altLabel>
  <skos:broader rdf:resource="https://skills.example.org/metal"/>
  <skos:exactMatch rdf:resource="http://data.europa.eu/esco/skill/1"/>
  <skos:notation>W1</skos:notation>
 </skos:Concept>
 <skos:Concept rdf:about="https://skills.example.org/last"><skos:prefLabel xml:lang="en">tiling</skos:prefLabel></skos:Concept>
</rdf:RDF>"#;
    let turtle = read("trades.ttl", turtle);
    let named =
        |line: u64, part: &str| turtle.problems.iter().any(|problem| problem.line == line && problem.message.contains(part));
    assert!(named(13, "unknown:"), "{:?}", turtle.problems);
    for bundle in [turtle, read("trades.rdf", xml)] {
        assert_eq!(bundle.title, "Trades");
        assert_eq!(
            bundle.crossings.iter().map(|one| (one.relation, one.to.as_str())).collect::<Vec<_>>(),
            [(Match::Exact, "http://data.europa.eu/esco/skill/1")]
        );
        let catalogue = compiled(bundle);
        let weld = catalogue.find("https://skills.example.org/weld").unwrap();
        assert_eq!(catalogue.name(weld, catalogue.language("de")), "Lichtbogenschweißen");
        assert_eq!(catalogue.path(weld).len(), 1);
        assert_eq!(catalogue.with_label("electric welding", catalogue.language("en").unwrap()), [(weld, 1)]);
    }
    let hostile = "<?xml version=\"1.0\"?><!DOCTYPE x [<!ENTITY a \"b\">]><rdf:RDF>&a;</rdf:RDF>";
    assert!(import::read("x.rdf", hostile.as_bytes(), &Wanted::default()).is_err());
}

#[test]
fn json_forms_are_told_apart_by_their_members() {
    let case = r#"{"CFDocument": {"title": "Trades", "version": "2", "language": "en"},
      "CFItems": [{"identifier": "i1", "uri": "urn:c:1", "fullStatement": "Weld with an arc", "humanCodingScheme": "W1"},
                  {"identifier": "i2", "uri": "urn:c:2", "fullStatement": "Metal", "CFItemType": "Domain"}, {"identifier": "i3"}],
      "CFAssociations": [{"associationType": "isChildOf", "originNodeURI": {"uri": "urn:c:1"}, "destinationNodeURI": {"uri": "urn:c:2"}}]}"#;
    let bundle = import::read("case.json", case.as_bytes(), &Wanted { name: "case".to_owned(), ..Wanted::default() }).unwrap();
    assert_eq!((bundle.title.as_str(), bundle.version.as_str(), bundle.problem_count), ("Trades", "2", 1));
    let catalogue = compiled(bundle);
    let (item, domain) = (catalogue.find("urn:c:1").unwrap(), catalogue.find("urn:c:2").unwrap());
    assert_eq!((catalogue.path(item), catalogue.kind(domain)), (vec![domain], Kind::Group));

    let descriptors = r#"[{"id": "https://osmt.example.org/api/skills/1", "skillName": "Arc Welding", "skillStatement": "Weld with an arc.",
       "category": "Metal", "keywords": ["MMA"], "alignments": [{"id": "urn:x", "skillName": "welding"}]}]"#;
    let catalogue = compiled(read("rsd.json", descriptors));
    let skill = catalogue.find("https://osmt.example.org/api/skills/1").unwrap();
    assert_eq!(catalogue.path(skill).len(), 1);
    assert_eq!(catalogue.crossings().collect::<Vec<_>>(), [("https://osmt.example.org/api/skills/1", Match::Close, "urn:x")]);

    let ctdl = r#"{"@graph": [{"@id": "urn:f", "@type": "ceasn:CompetencyFramework", "ceasn:name": {"en-US": "Trades"}},
      {"@id": "urn:k:1", "@type": "ceasn:Competency", "ceasn:competencyText": {"en-US": "Weld with an arc"}, "ceasn:codedNotation": "W1",
       "ceasn:isChildOf": ["urn:k:2"]}, {"@id": "urn:k:2", "@type": "ceasn:Competency", "ceasn:competencyText": {"en-US": "Metal work"}}]}"#;
    let bundle = read("ctdl.json", ctdl);
    assert_eq!(bundle.title, "Trades");
    let catalogue = compiled(bundle);
    let skill = catalogue.find("urn:k:1").unwrap();
    assert_eq!((catalogue.name(skill, None), catalogue.concepts.codes.get(skill as usize)), ("Weld with an arc", "W1"));
}

#[test]
fn products_are_known_with_and_without_their_vendor() {
    let table = "O*NET-SOC Code\tExample\tCommodity Code\tCommodity Title\tHot Technology\n\
        11-1011.00\tTableau software\t43232306\tQuery software\tY\n11-1011.00\tMicrosoft Access\t43232306\tQuery software\tY\n";
    let catalogue = compiled(read("technology.tsv", table));
    let english = catalogue.language("en").unwrap();
    assert_eq!(catalogue.with_label("tableau", english).len(), 1);
    assert!(catalogue.with_label("access", english).is_empty(), "a plain word is no product");
}

#[test]
fn versions_are_compared_activated_and_removed() {
    let folder = tempfile::tempdir().unwrap();
    let library = Library::new(folder.path());
    for (version, table) in [
        ("1", "uri,name\nurn:a,Welding\nurn:b,Tiling\n"),
        ("2", "uri,name,status,replaced_by\nurn:a,Arc welding,,\nurn:b,Tiling,retired,urn:c\nurn:c,Wall tiling,,\n"),
    ] {
        let wanted = Wanted { name: "own".to_owned(), version: version.to_owned(), ..Wanted::default() };
        let mut bundle = import::read("own.csv", table.as_bytes(), &wanted).unwrap();
        bundle.tidy();
        library.keep(&build::build(&bundle)).unwrap();
        library.activate("own", version).unwrap();
    }
    let difference = unbuild::difference(&library.load("own", "1").unwrap(), &library.load("own", "2").unwrap());
    assert_eq!((difference.added.len(), difference.renamed.len(), difference.removed.len()), (1, 1, 1));
    assert_eq!(difference.removed[0].replaced_by, ["urn:c"]);
    assert_eq!(library.current().all[0].about.version, "2");
    library.activate("own", "1").unwrap();
    assert_eq!(library.current().all[0].about.version, "1");
    library.remove("own", "1").unwrap();
    assert!(library.current().all.is_empty());
    assert!(library.activate("own", "1").is_err());
}

#[test]
fn a_damaged_file_is_no_taxonomy() {
    let mut file = build::build(&read("own.csv", "uri,name\nurn:a,Welding\n")).pack();
    assert!(Catalogue::unpack(&file).is_ok());
    let last = file.len() - 1;
    file[last] ^= 1;
    assert!(Catalogue::unpack(&file).unwrap_err().to_string().contains("damaged"));
    assert!(Catalogue::unpack(&file[..20]).is_err());
    assert!(Catalogue::unpack(b"").is_err());
}

#[test]
fn the_coefficients_that_are_built_in_can_be_read_and_are_small() {
    let text = include_str!("../../src/skills/coefficients.json");
    assert!(text.len() < 5_000);
    let coefficients = Coefficients::read(text).unwrap();
    assert_eq!(coefficients, Coefficients::shipped());
    assert!(coefficients.choose("esco", "1.1.1", "en", true).is_some_and(|chosen| chosen.publish_at.is_some()));
    assert!(coefficients.choose("esco", "1.1.1", "de", true).is_some_and(|chosen| chosen.publish_at.is_none()));
    let other = coefficients.choose("own", "1", "en", false).unwrap();
    assert!(other.publish_at.is_none(), "a threshold holds only for the taxonomy that it was measured with");
}

/// The bars that do not need vectors; `skillgate taxonomy evaluate` measures those with vectors.
#[test]
#[ignore = "needs ../shared"]
fn esco_is_imported_and_matched_as_well_as_measured() {
    let zip = std::fs::read(crate::support::beside("taxonomies").join("esco/ESCO-v1.1.1-classification-en-csv.zip")).unwrap();
    let mut bundle = import::read("esco.zip", &zip, &Wanted { version: "1.1.1".to_owned(), ..Wanted::default() }).unwrap();
    bundle.tidy();
    let catalogue = build::build(&bundle);
    assert_eq!((catalogue.about.name.as_str(), catalogue.about.concepts), ("esco", 13_896));
    assert!(catalogue.bytes() < 120_000_000);
    let table = std::fs::read_to_string(crate::support::beside("skill-pairs-dev.tsv")).unwrap();
    let english: Vec<pairs::Pair> = pairs::read(&table).unwrap().into_iter().filter(|pair| pair.language == "en").collect();
    let sources = skillgate::skills::candidates::Sources { embedding: false, ..skillgate::skills::candidates::Sources::ALL };
    let judged = evaluate::look_up(&catalogue, None, &english, sources);
    let outcomes = evaluate::cross_validated(&judged);
    let jobs: Vec<_> = outcomes.iter().filter(|outcome| outcome.set == "en-jobspan").collect();
    let links: Vec<_> = jobs.iter().filter(|outcome| outcome.is_link).collect();
    let within = |places: usize| {
        links.iter().filter(|one| one.place.is_some_and(|place| place < places)).count() as f64 / links.len() as f64
    };
    assert!(within(1) >= 0.37 && within(5) >= 0.59, "{} {}", within(1), within(5));
    let published: Vec<bool> = jobs.iter().filter_map(|outcome| Some(outcome.published?.1)).collect();
    let wrong = published.iter().filter(|is_right| !**is_right).count();
    assert!(published.len() >= 15 && wrong * 20 <= published.len() + 20, "{wrong} of {}", published.len());
    // The same pairs give the same coefficients.
    let trained = evaluate::coefficients("x", &catalogue, None, &english);
    assert_eq!(trained, evaluate::coefficients("x", &catalogue, None, &english));
}
