// The waiting page of an exchange: shows what the gateway says, because wallets report success in every case.
const status = document.getElementById("exchange-status");
const ways = document.getElementById("exchange-ways");
const list = document.getElementById("exchange-verdicts");
const source = new EventSource(`/interactions/${encodeURIComponent(status.dataset.exchange)}/events`);

const SENTENCES = {
  pending: `Waiting for your wallet, until ${status.dataset.expires}.`,
  active: "Your wallet has read the request. Choose in the wallet what to share.",
  complete: "Received. Thank you.",
  invalid: "Too many attempts failed. Ask for a new link.",
  expired: "The time is over. Ask for a new link.",
};
const OUTCOMES = {
  accepted: "Genuine and valid",
  attention: "Received; a person will look at it",
  rejected: "Could not be accepted",
};

source.addEventListener("exchange", (event) => {
  const seen = JSON.parse(event.data);
  status.dataset.state = seen.state;
  status.textContent = seen.problem ? `${SENTENCES[seen.state]} The last try did not work: ${seen.problem}` : SENTENCES[seen.state];
  list.replaceChildren(...(seen.verdicts ?? []).map((verdict) => {
    const item = document.createElement("li");
    item.textContent = verdict.reason ? `${OUTCOMES[verdict.outcome]}: ${verdict.reason}` : OUTCOMES[verdict.outcome];
    return item;
  }));
  if (["complete", "invalid", "expired"].includes(seen.state)) {
    source.close();
    // A code that does nothing any more invites to try again.
    ways.hidden = true;
  }
});

// The Digital Credentials API, where the browser has it: the browser finds the wallet, and nothing needs to be scanned.
const browser = document.getElementById("exchange-browser");
const ask = document.getElementById("exchange-ask");
const told = document.getElementById("exchange-ask-result");
const address = `/interactions/${encodeURIComponent(status.dataset.exchange)}/digital-credentials`;

async function askBrowser() {
  const offered = await fetch(address, { headers: { Accept: "application/json" } });
  const { requests, detail } = await offered.json();
  if (!offered.ok) return detail;
  const credential = await navigator.credentials.get({ mediation: "required", digital: { requests } });
  const taken = await fetch(address, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ protocol: credential.protocol, data: credential.data }),
  });
  const answer = await taken.json();
  if (!taken.ok) return answer.error_description ?? answer.detail;
  if (answer.redirect_uri) location.assign(answer.redirect_uri);
  return "";
}

if ("DigitalCredential" in window && navigator.credentials) {
  browser.hidden = false;
  ask.addEventListener("click", async () => {
    ask.disabled = true;
    told.textContent = "";
    try {
      told.textContent = await askBrowser();
    } catch {
      told.textContent = "The browser found no wallet that could answer, or you did not choose one. You can also scan the code.";
    }
    ask.disabled = false;
  });
}
