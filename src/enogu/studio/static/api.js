// Questions to the program that serves this page.

/** @typedef {{id: string, name: string, verdict: string | null, doubts: string[], covered: boolean, unsure: boolean, refusal: string | null}} Row */

/** What the server refused, in words for a person. */
export class Refused extends Error {
  /** @param {string} message @param {string} hint */
  constructor(message, hint) {
    super(message);
    this.hint = hint;
  }
}

/** Changes are made one after the other, in the order in which they were asked for. */
let earlier = Promise.resolve();

/** @param {string} method @param {string} path @param {unknown} [body] */
function ask(method, path, body) {
  if (method === "GET") return askNow(method, path, body);
  const answer = earlier.then(() => askNow(method, path, body));
  earlier = answer.catch(() => {});
  return answer;
}

/** @param {string} method @param {string} path @param {unknown} [body] */
async function askNow(method, path, body) {
  const isFile = body instanceof Blob;
  /** @type {Record<string, string>} */
  const headers = { "X-Enogu": "1" };
  if (body !== undefined) headers["Content-Type"] = isFile ? "image/png" : "application/json";
  let answer;
  try {
    answer = await fetch(path, {
      method,
      headers,
      body: body === undefined ? undefined : isFile ? body : JSON.stringify(body),
    });
  } catch {
    throw new Refused("", "offline");
  }
  const said = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refused(said.message ?? answer.statusText, said.hint ?? "");
  return said;
}

/** @returns {Promise<{project: string, can_undo: boolean, rows: Row[]}>} */
export const readWall = () => ask("GET", "/api/wall");

/** @param {string} id */
export const readPicture = (id) => ask("GET", `/api/picture/${id}`);

/** @param {string[]} ids @param {string | null} verdict */
export const giveVerdict = (ids, verdict) => ask("POST", "/api/verdict", { ids, verdict });

/** @param {string} id @param {string} step @param {string} answer */
export const answerStep = (id, step, answer) => ask("POST", "/api/step", { id, step, answer });

/** @param {string} id @param {number[]} box */
export const drawCrop = (id, box) => ask("POST", "/api/crop", { id, box });

/** @param {string} id @param {(string | number)[][]} regions */
export const drawRegions = (id, regions) => ask("POST", "/api/regions", { id, regions });

/** @param {string} id @param {Blob} mask */
export const drawMask = (id, mask) => ask("PUT", `/api/mask/${id}`, mask);

export const undo = () => ask("POST", "/api/undo", {});
