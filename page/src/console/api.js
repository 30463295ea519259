/** Asks the daemon. The token of a person is here and nowhere else: in no storage, no cookie, no address. */

let token = '';

/** An answer that is an error, or none at all (`status` 0). */
export class ApiError extends Error {
    /** @param {number} status @param {Record<string, any>} problem */
    constructor(status, problem) {
        super(String(problem.detail ?? problem.title ?? `the daemon answered ${status}`));
        this.status = status;
        this.code = String(problem.code ?? '');
        this.field = problem.field;
        this.expected = problem.expected;
        this.allowed = problem.allowed;
        this.requestId = problem.request_id;
        /** Seconds after which it may be asked again, as the daemon says. */
        this.retryAfter = problem.retry_after;
    }

    /** The error for people: the problem, the field, the expected value. */
    get sentence() {
        const more = [this.field && `field: ${this.field}`, this.expected && `expected: ${this.expected}`,
            this.allowed && `allowed: ${this.allowed}`, this.retryAfter && `ask again in ${this.retryAfter} s`, this.requestId && `request ${this.requestId}`].filter(Boolean);
        return `${this.message}${more.length ? ` (${more.join('; ')})` : ''}`;
    }
}

/** @param {string} given by a person */
export const useToken = (given) => { token = given.trim(); };

/** Whether requests have a token with them. */
export const hasToken = () => token !== '';

/** @param {unknown} error @returns {string} what it says, for a person */
export const sentenceOf = (error) => (error instanceof ApiError ? error.sentence : String(error instanceof Error ? error.message : error));

/** @param {string} path of the daemon, which may be below another one @param {RequestInit} [options] @returns {Promise<Response>} one that is no error */
export async function open(path, options = {}) {
    const headers = new Headers(options.headers);
    if (token) headers.set('Authorization', `Bearer ${token}`);
    let response;
    try {
        response = await fetch(`.${path}`, { cache: 'no-store', credentials: 'omit', redirect: 'error', ...options, headers });
    } catch (error) {
        if (options.signal?.aborted) throw error;
        throw new ApiError(0, { detail: 'the daemon does not answer', code: 'unreachable' });
    }
    if (!response.ok) throw new ApiError(response.status, { retry_after: response.headers.get('Retry-After'), ...await problemOf(response) });
    return response;
}

/** @param {Response} response @returns {Promise<Record<string, any>>} */
async function problemOf(response) {
    try {
        const problem = await response.json();
        return problem !== null && typeof problem === 'object' ? problem : {};
    } catch {
        return {};
    }
}

/** @param {string} path @param {Record<string, string | number | undefined>} [query] @returns {Promise<any>} */
export async function get(path, query = {}) {
    const given = Object.entries(query).flatMap(([name, value]) => (value === undefined || value === '' ? [] : [[name, String(value)]]));
    return (await open(given.length ? `${path}?${new URLSearchParams(given)}` : path)).json();
}

/** The pages of a list, requested one after the other, up to the last. A page that names an earlier one as the next would cause an
 * endless loop, so it is an error. @param {string} path @param {Record<string, string | number | undefined>} [query]
 * @returns {AsyncGenerator<any>} */
export async function* pagesOf(path, query = {}) {
    const asked = new Set();
    for (let after = ''; ;) {
        const page = await get(path, { ...query, after });
        yield page;
        if (typeof page.next !== 'string') return;
        if (asked.has(page.next)) throw new ApiError(0, { detail: `${path} does not end: the daemon named the same next page twice` });
        asked.add(after = page.next);
    }
}

/** @param {'POST' | 'DELETE'} method @param {string} path @param {object} [body] @returns {Promise<any>} */
export async function ask(method, path, body) {
    return (await open(path, {
        method, ...(body && { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } }),
    })).json();
}

/** The address of a model, whose name may have slashes in it. @param {string} name @param {string} [verb] */
export const modelPath = (name, verb) =>
    `/v1/models/${name.split('/').map(encodeURIComponent).join('/')}${verb ? `/${verb}` : ''}`;
