// Runs what a click began. A failure becomes a sentence at its place; an ended session leads to the sign-in page.
import { Failure } from "./api.js";

/** `away`: the sentence for a gateway that can't be reached. */
export async function attempt(place, away, work) {
  place.textContent = "";
  try {
    await work();
  } catch (failure) {
    if (!(failure instanceof Failure)) throw failure;
    if (failure.status === 401) location.reload();
    else place.textContent = failure.status === 0 ? away : failure.message;
  }
}
