// Asks the server. What it refuses is an error with words for the person in front of the page.

export class Refused extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

let form = "";
export function setForm(token) {
  form = token;
}

async function answer(response) {
  if (response.ok) return response.status === 204 ? null : response.json();
  let detail = response.statusText || `status ${response.status}`;
  try {
    detail = (await response.json()).detail || detail;
  } catch {
    // The words of the status have to do.
  }
  throw new Refused(response.status, detail);
}

async function ask(path, options) {
  let response;
  try {
    response = await fetch(path, options);
  } catch {
    throw new Refused(0, "the server does not answer");
  }
  return answer(response);
}

export function get(path, query = {}, signal) {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== "");
  const text = new URLSearchParams(given).toString();
  return ask(text ? `${path}?${text}` : path, { signal });
}

export function post(path, body) {
  return ask(path, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Steadyline-Form": form },
    body: JSON.stringify(body ?? {}),
  });
}

export const recording = (name) => `/api/recordings/${encodeURIComponent(name)}`;
