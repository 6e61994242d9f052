/* Asks the service. The key lives in this tab's session and nowhere else. */

const KEY = "trip-duration-key";
const PATIENCE = 15_000;

/** The service, or the way to it, has said no. */
export class Refusal extends Error {
  /**
   * @param {number} status HTTP status; 0 if there was no answer.
   * @param {object} problem Body of the answer, application/problem+json.
   * @param {string?} retryAfter Seconds to wait, where they were told.
   */
  constructor(status, problem, retryAfter) {
    super(problem.detail ?? `status ${status}`);
    Object.assign(this, { status, problem, retryAfter });
  }

  /** What people are told. */
  get words() {
    if (this.status === 0) return "The service cannot be reached. Check the connection and try again.";
    if (this.status === 429) {
      const wait = this.retryAfter ? ` in ${count(Number(this.retryAfter), "second")}` : " later";
      return `Asked too often. Try again${wait}.`;
    }
    if (this.status === 503) return `The service cannot answer now: ${this.message}. Try again in a moment.`;
    if (this.status >= 500) return `The service has failed. Its log knows more by ${this.problem.request_id}.`;
    return `The service refuses: ${this.message}.`;
  }
}

/** Ask with GET, or with POST if there is a body. */
export async function ask(path, body) {
  const headers = {};
  const key = sessionStorage.getItem(KEY);
  if (key) headers.authorization = `Bearer ${key}`;
  const request = { headers, signal: AbortSignal.timeout(PATIENCE) };
  if (body) {
    headers["content-type"] = "application/json";
    Object.assign(request, { method: "POST", body: JSON.stringify(body) });
  }
  let response, said;
  try {
    response = await fetch(path, request);
    said = await response.json();
  } catch {
    throw new Refusal(response?.ok === false ? response.status : 0, {}, null);
  }
  if (!response.ok) throw new Refusal(response.status, said, response.headers.get("retry-after"));
  return said;
}

/** Ask for an estimate with its reasons, or without them if the key does not open reasons. */
export async function estimate(trip) {
  try {
    return await ask("v1/explain", trip);
  } catch (refusal) {
    if (refusal.status !== 403) throw refusal;
    return ask("v1/predict", trip);
  }
}

/** Keep a key for this tab. */
export function useKey(key) {
  // headers carry no other letters, and no key has them
  sessionStorage.setItem(KEY, key.replace(/[^\x21-\x7e]/g, ""));
}

export const hasKey = () => Boolean(sessionStorage.getItem(KEY));

/** "1 second", "2 seconds". */
export const count = (number, noun) => `${number} ${noun}${number === 1 ? "" : "s"}`;
