// Taxonomies: import a download, compare versions, let another version count, remove one.
import { call, get, sendFile } from "./api.js";
import { attempt } from "./attempt.js";
import { byId, el, replace } from "./dom.js";

const words = byId("taxonomies").dataset;
const status = byId("taxonomy-status");
const DONE = "skillgate-taxonomy";

const run = (work) => attempt(byId("taxonomy-error"), words.away, work);
const filled = (template, values) => Object.entries(values).reduce((line, [name, value]) => line.replaceAll(`{${name}}`, String(value)), template);
const address = (...parts) => `/v1/taxonomies/${parts.map(encodeURIComponent).join("/")}`;

/** The page as it is now, with what was done said on it. */
function announce(said) {
  sessionStorage.setItem(DONE, JSON.stringify(said));
  location.reload();
}

const said = JSON.parse(sessionStorage.getItem(DONE) ?? "null");
if (said) {
  sessionStorage.removeItem(DONE);
  status.textContent = said.text;
  replace(byId("problems"), (said.problems ?? []).map((row) => el("li", {}, filled(words.line, { file: row.file, line: row.line, message: row.message }))));
}

byId("import-form")?.addEventListener("submit", (event) => {
  event.preventDefault();
  const [file] = byId("import-file").files;
  const query = new URLSearchParams({ file_name: file.name, version: byId("import-version").value.trim(), name: byId("import-name").value.trim(), strict: String(byId("import-strict").checked) });
  if (byId("import-into").value) query.set("into", byId("import-into").value);
  const button = byId("import-button");
  button.disabled = true;
  status.textContent = words.busy;
  run(async () => {
    const { taxonomy, left_out: leftOut, problems } = await sendFile(`/v1/taxonomies?${query}`, file);
    const done = filled(words.imported, { name: taxonomy.name, version: taxonomy.version, concepts: taxonomy.concepts.toLocaleString() });
    announce({ text: leftOut === 0 ? done : `${done} ${filled(words.leftOut, { count: leftOut.toLocaleString() })}`, problems: problems.slice(0, 20) });
  }).finally(() => {
    button.disabled = false;
    status.textContent = "";
  });
});

byId("taxonomies").addEventListener("click", (event) => {
  const { activate, remove, compare, since, taxonomy } = event.target.dataset ?? {};
  if (activate) {
    run(async () => {
      await call("PUT", address(taxonomy, "active"), { version: activate });
      announce({ text: `${taxonomy} ${activate}` });
    });
  }
  if (remove && confirm(filled(words.confirm, { name: taxonomy, version: remove }))) {
    run(async () => {
      await call("DELETE", address(taxonomy, remove));
      location.reload();
    });
  }
  if (compare) run(async () => show(`${taxonomy} ${since} → ${compare}`, await get(`${address(taxonomy, compare, "changes")}?${new URLSearchParams({ since })}`)));
});

function show(title, { added, removed, renamed }) {
  const of = (template, { count, items }, line) => [
    count > 0 && el("li", {}, el("strong", {}, filled(template, { count: count.toLocaleString() })), el("ul", {}, ...items.map((item) => el("li", {}, line(item))), ...(count > items.length ? [el("li", {}, filled(words.more, { count: (count - items.length).toLocaleString() }))] : []))),
  ];
  const lines = [
    ...of(words.added, added, (item) => item.label),
    ...of(words.removed, removed, (item) => item.label),
    ...of(words.renamed, renamed, (item) => `${item.before} → ${item.after}`),
  ].filter(Boolean);
  byId("changes-title").textContent = title;
  replace(byId("changes-list"), lines.length > 0 ? lines : [el("li", {}, words.same)]);
  byId("changes").hidden = false;
  byId("changes-title").scrollIntoView({ block: "nearest" });
}
