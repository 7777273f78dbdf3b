// The words that people read for the words that programs use.

export const OUTCOME = {
  accepted: "Accepted",
  attention: "Needs your attention",
  rejected: "Rejected",
};

/** Of a file without any credential, on its card and in the list. */
export const NO_CREDENTIAL = "No credential found";

/** What the results in a credential say. */
export const ATTAINMENT = {
  attained: "yes",
  in_progress: "not yet: the course is not finished",
  not_attained: "no: a result in the credential says that it was not passed",
  unknown: "unknown: no result in the credential proves it",
};

export const SKILL_ATTAINMENT = {
  in_progress: "not finished",
  not_attained: "not attained",
  unknown: "attainment unknown",
};

export const OUTCOME_SENTENCE = {
  accepted: "The credential is genuine and valid.",
  attention: "Not every check could confirm the credential.",
  rejected: "The credential can’t be relied on.",
};

/** What came in, by channel: one, several. */
export const TAKEN_IN = {
  upload: ["file", "files"],
  link: ["shared link", "shared links"],
  open_badges: ["credential from a platform", "credentials from a platform"],
  vcalm: ["share from a wallet", "shares from a wallet"],
  oid4vp: ["share from a wallet", "shares from a wallet"],
  push: ["badge from a platform", "badges from a platform"],
};

export const CHECK = {
  format: "File format",
  context: "Vocabulary",
  schema: "Structure",
  proof: "Signature",
  controller: "Issuer’s key",
  integrity: "Nothing altered or added",
  validity: "Dates",
  status: "Revocation",
  issuer_trust: "Issuer",
  recipient: "Recipient",
  nested: "Credentials inside",
};

/** Status of a check: tone and word. */
export const CHECK_STATUS = {
  pass: ["accepted", "passed"],
  fail: ["rejected", "failed"],
  warning: ["attention", "needs a look"],
  could_not_check: ["attention", "could not be checked"],
  not_applicable: ["neutral", "does not apply"],
};

export const MAPPING = {
  declared: "named by the issuer in this framework",
  declared_mismatch: "the issuer’s label and code differ",
  mapped: "matched to this framework",
  unmapped: "not matched to a framework",
  rejected: "a match was turned down",
};

const TAXONOMY = { esco: "ESCO", onet: "O*NET", case: "CASE", ctdl: "CTDL", rsd: "Rich Skill Descriptors", lightcast: "Lightcast Open Skills" };

export function framework(concept) {
  return TAXONOMY[concept.taxonomy] ?? concept.framework_name ?? concept.taxonomy;
}

export const DELIVERY = {
  pending: ["neutral", "Waiting"],
  delivered: ["accepted", "Delivered"],
  unchanged: ["accepted", "Already there"],
  parked: ["attention", "Waits for you"],
  dead: ["rejected", "Given up"],
};

/** The text of a language map: the reader's language, else English, else any. */
export function inLanguage(map) {
  if (!map) return "";
  const wanted = [...(navigator.languages ?? []), "en", "und"].flatMap((tag) => [tag, tag.split("-")[0]]);
  const key = wanted.find((tag) => map[tag] !== undefined) ?? Object.keys(map)[0];
  return key === undefined ? "" : map[key];
}
