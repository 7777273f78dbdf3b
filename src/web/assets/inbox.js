// The inbox: files, folders, archives, mails and links go in; the answer has an address of its own.
import { byId } from "./dom.js";
import { Failure, post, submit } from "./api.js";
import { askForKey } from "./session.js";

const form = byId("intake");
const drop = byId("drop");
const words = form.dataset;
let isBusy = false;

for (const input of [byId("files"), byId("folder")]) {
  input.addEventListener("change", () => {
    const files = [...input.files];
    input.value = "";
    check(files);
  });
}
byId("choose-folder").addEventListener("click", () => byId("folder").click());

for (const name of ["dragenter", "dragover"]) {
  drop.addEventListener(name, (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
}
drop.addEventListener("dragleave", () => drop.classList.remove("over"));
drop.addEventListener("drop", async (event) => {
  event.preventDefault();
  drop.classList.remove("over");
  const { dataTransfer } = event;
  const link = dataTransfer.getData("text/uri-list").split(/\r?\n/).find((line) => line && !line.startsWith("#"));
  if (link && dataTransfer.files.length === 0) checkLink(link);
  else check(await filesOf(dataTransfer));
});
// What misses the drop area must not replace the page.
for (const name of ["dragover", "drop"]) window.addEventListener(name, (event) => event.preventDefault());

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const link = byId("link");
  if (link.value.trim() === "") link.focus();
  else checkLink(link.value.trim());
});

/** Files of a drop, with those of folders. The entries must be taken before anything is waited for. */
async function filesOf(dataTransfer) {
  const entries = [...dataTransfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.some((entry) => entry.isDirectory)) return [...dataTransfer.files];
  return (await Promise.all(entries.map(inEntry))).flat();
}

async function inEntry(entry) {
  if (entry.isFile) return [await new Promise((resolve, reject) => entry.file(resolve, reject))];
  const reader = entry.createReader();
  const found = [];
  // A reader gives a hundred entries at a time.
  for (;;) {
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) break;
    found.push(...some);
  }
  return (await Promise.all(found.map(inEntry))).flat();
}

/** The person, as the API names the fields; empty fields are left out. */
function person() {
  const fields = { candidate_email: "email", candidate_name: "name", candidate_ats_id: "ats-id" };
  const given = Object.entries(fields).map(([name, id]) => [name, byId(id).value.trim()]);
  return Object.fromEntries(given.filter(([, value]) => value !== ""));
}

const isValid = () => ["email", "name", "ats-id"].every((id) => byId(id).reportValidity());

async function check(files) {
  if (files.length === 0) {
    byId("intake-error").textContent = words.empty;
    return;
  }
  const progress = (part) => {
    byId("progress").value = part;
    if (part === 1) say(words.verifying);
  };
  await attempt(words.uploading, () => submit(files, person(), progress));
}

async function checkLink(url) {
  await attempt(words.asking, () => post("/v1/submissions/link", { url, ...person() }));
}

async function attempt(sentence, work) {
  if (isBusy || !isValid()) return;
  isBusy = true;
  byId("intake-error").textContent = "";
  say(sentence);
  byId("progress").value = 0;
  byId("progress").hidden = false;
  try {
    const submission = await work();
    location.assign(`/submissions/${encodeURIComponent(submission.id)}`);
  } catch (failure) {
    if (failure instanceof Failure && failure.status === 401) askForKey();
    say("");
    byId("progress").hidden = true;
    byId("intake-error").textContent = failure instanceof Failure && failure.status !== 0 ? failure.message : words.away;
    isBusy = false;
  }
}

function say(text) {
  byId("status").textContent = text;
}

// Coming back with the browser's button shows the page as it was left.
window.addEventListener("pageshow", () => {
  isBusy = false;
  say("");
  byId("progress").hidden = true;
});
