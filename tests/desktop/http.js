// HTTP requests that come to an end.

import { PATIENCE } from './programs.js';

export function request(address, options = {}) {
  return fetch(address, { signal: AbortSignal.timeout(PATIENCE), ...options });
}

/** Posts a value as JSON. */
export function post(address, value, headers = {}) {
  return request(address, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(value),
  });
}
