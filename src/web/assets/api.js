// Talks to the gateway: JSON in, JSON out; every failure is one sentence that a person can read.

export class Failure extends Error {
  constructor(status, problem) {
    super(problem?.detail ?? "The gateway could not be reached. Check your connection and try again.");
    this.status = status;
    this.code = problem?.code;
    this.errors = problem?.errors ?? [];
  }
}

// Other sites can't send this header, so a request that carries it comes from these pages.
const PAGE = { "X-Skillgate-Page": "1" };

export async function call(method, path, body) {
  const headers = { Accept: "application/json", ...PAGE };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let response;
  try {
    response = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body), credentials: "same-origin", cache: "no-store" });
  } catch {
    throw new Failure(0);
  }
  const answer = await readJson(response);
  if (!response.ok) throw new Failure(response.status, answer);
  return { body: answer, headers: response.headers };
}

async function readJson(response) {
  const text = await response.text();
  try {
    return text === "" ? null : JSON.parse(text);
  } catch {
    return null;
  }
}

export const get = async (path) => (await call("GET", path)).body;
export const post = async (path, body) => (await call("POST", path, body)).body;

/** Sends one file as the body of a request. */
export async function sendFile(path, file) {
  let response;
  try {
    response = await fetch(path, { method: "POST", headers: { Accept: "application/json", "Content-Type": "application/octet-stream", ...PAGE }, body: file, credentials: "same-origin", cache: "no-store" });
  } catch {
    throw new Failure(0);
  }
  const answer = await readJson(response);
  if (!response.ok) throw new Failure(response.status, answer);
  return answer;
}

/** Sends files as one submission, with the fields of the person; `onProgress` hears how much of the body has left, from 0 to 1. */
export function submit(files, person, onProgress) {
  const form = new FormData();
  for (const [name, value] of Object.entries(person)) form.append(name, value);
  for (const file of files) form.append("file", file, file.name);
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", "/v1/submissions");
    request.responseType = "json";
    for (const [name, value] of Object.entries(PAGE)) request.setRequestHeader(name, value);
    request.setRequestHeader("Idempotency-Key", uniqueKey());
    request.upload.addEventListener("progress", (event) => event.lengthComputable && onProgress(event.loaded / event.total));
    request.addEventListener("load", () => {
      const good = request.status >= 200 && request.status < 300;
      if (good && request.response) resolve(request.response);
      else reject(new Failure(request.status, request.response));
    });
    request.addEventListener("error", () => reject(new Failure(0)));
    request.send(form);
  });
}

function uniqueKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
