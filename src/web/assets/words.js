// The words that people read for the words that programs use.

const TAXONOMY = { esco: "ESCO", onet: "O*NET", case: "CASE", ctdl: "CTDL", rsd: "Rich Skill Descriptors", lightcast: "Lightcast Open Skills" };

export function framework(concept) {
  return TAXONOMY[concept.taxonomy] ?? concept.framework_name ?? concept.taxonomy;
}
