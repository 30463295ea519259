/**
 * Holds every answer of a daemon against what it says of itself (`webinferd --print-openapi`): an
 * operation, a status, a code or a member that is not described is an error. The document is read
 * when a daemon starts, which takes half a second in which nothing else runs here: a node that a test
 * plays would be silent for as long. Each of its schemas is compiled when the first answer needs it.
 */
import { execFileSync } from 'node:child_process';
import Ajv from 'ajv/dist/2020.js';
import { readerOf } from './event-reader.mjs';
import { daemonPath } from './paths.mjs';

/** Origins of daemons' APIs; what other servers say is nothing to us. */
const daemons = new Set();
export function watch(url) {
    daemons.add(new URL(url).origin);
    description();
}

let described;

function description() {
    if (described) return described;
    const document = JSON.parse(execFileSync(daemonPath, ['--print-openapi'],
        { encoding: 'utf8', maxBuffer: 1 << 24 }));
    const ajv = new Ajv({ strict: false }); // for what OpenAPI has beside its schemas
    ajv.addSchema(document, 'api');
    const routes = Object.entries(document.paths).map(([path, methods]) => ({
        path, methods, weight: path.replace(/\{[^}]*\}/g, '').length,
        pattern: new RegExp(`^${path.replaceAll('.', '\\.').replace('{model}', '[^/]+(/[^/]+)?')
            .replace('{path}', '.*').replace(/\{[^}]*\}/g, '[^/]+')}$`),
    })).sort((a, b) => b.weight - a.weight);
    return described = { document, ajv, routes };
}

const pointer = (...keys) => keys.map((key) => `/${encodeURIComponent(
    String(key).replaceAll('~', '~0').replaceAll('/', '~1'))}`).join('');

/** What is wrong with a value by the schema at that place, or null. */
function problemOf(value, ...place) {
    const { ajv } = description();
    const validate = ajv.getSchema(`api#${pointer(...place)}`);
    if (!validate) return `there is no schema at ${place.join(' ')}`;
    if (validate(value)) return null;
    return validate.errors.slice(0, 8).map(({ instancePath, message, params }) =>
        `${instancePath || '/'} ${message} ${JSON.stringify(params)}`).join('\n  ');
}

function operationOf(method, url) {
    const path = decodeURI(new URL(url).pathname);
    const wanted = method === 'HEAD' ? 'get' : method.toLowerCase();
    for (const route of description().routes)
        if (route.pattern.test(path) && route.methods[wanted])
            return ['paths', route.path, wanted, 'responses'];
    return null;
}

function at(...place) {
    return place.reduce((value, key) => value?.[key], description().document);
}

/** What is wrong with an answer by one list of responses. */
function responseProblem(responses, status, headers, body, isHead) {
    const type = (headers['content-type'] ?? '').split(';')[0].trim();
    const content = at(...responses, status, 'content');
    if (!content) return `no status ${status}`;
    if (isHead || body === null) return null;
    if (content['*/*']) return null; // files, each of a type of its own
    if (!content[type]) return `no ${type} with status ${status}`;
    const place = [...responses, status, 'content', type];
    const reader = readerOf(type);
    if (reader) return eventsProblem(reader, place, body);
    const head = headers['inference-header-content-length'];
    if (type === 'application/octet-stream' && head)
        return problemOf(JSON.parse(body.subarray(0, Number(head)).toString()),
            ...responses, status, 'content', 'application/json', 'schema');
    if (!/json$/.test(type)) return null;
    return problemOf(JSON.parse(body.toString()), ...place, 'schema');
}

function eventsProblem(reader, place, body) {
    for (const { event, data } of reader.read(body.toString()))
        if (data !== '[DONE]') {
            const found = eventProblem(place, event, JSON.parse(data));
            if (found) return found;
        }
    return null;
}

function eventProblem(place, event, json) {
    if (!at(...place, 'x-events', event)) return `no event ${event}`;
    const found = problemOf(json, ...place, 'x-events', event);
    return found && `event ${event}: ${found}`;
}

const isWatched = (url) => daemons.has(new URL(url).origin);

function fail(method, url, status, problem, said) {
    const error = new Error(`${method} ${new URL(url).pathname} ${status} is not as it is described: ` +
        `${problem}\nit said ${said.slice(0, 2000)}`);
    error.name = 'UndescribedError';
    throw error;
}

/**
 * Throws unless the answer is described.
 * @param {string} method @param {string | URL} url @param {number} status
 * @param {Record<string, string>} headers
 * @param {Buffer | null} body null: it was not read to its end
 */
export function check(method, url, status, headers, body) {
    if (!isWatched(url) || method === 'OPTIONS' || status === 304) return; // which browsers ask for pages of others, and what they have
    const responses = operationOf(method, url);
    const isHead = method === 'HEAD' || status === 204;
    let problem = responses ? responseProblem(responses, status, headers, body, isHead)
        : 'no such operation';
    // A head that is at fault is answered before anybody knows what it is about.
    if (problem && status >= 400 &&
        !responseProblem(['x-elsewhere'], status, headers, body, isHead)) problem = null;
    if (problem) fail(method, url, status, problem, body?.toString() ?? '');
}

/** The same of one event of an answer that comes bit by bit, as that media type. */
export function checkEvent(method, url, status, event, json, type = 'text/event-stream') {
    if (!isWatched(url)) return;
    const responses = operationOf(method, url);
    const problem = responses
        ? eventProblem([...responses, status, 'content', type], event, json)
        : 'no such operation';
    if (problem) fail(method, url, status, problem, JSON.stringify(json));
}

const plainFetch = globalThis.fetch;
/** What libraries ask, such as OpenAI's client. */
globalThis.fetch = async (resource, options) => {
    const answer = await plainFetch(resource, options);
    const url = resource.url ?? resource;
    if (isWatched(url))
        answer.clone().arrayBuffer().catch(() => null).then((body) => body && check(
            options?.method ?? resource.method ?? 'GET', url, answer.status,
            Object.fromEntries(answer.headers), Buffer.from(body)));
    return answer;
};
