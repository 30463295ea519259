// tier: quick, sanitized
/**
 * The API's description: it is OpenAPI, the daemon serves what it prints, and what the tests hold
 * every answer against finds what is not described.
 */
import { Validator } from '@seriousme/openapi-schema-validator';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before } from 'node:test';
import { Daemon, testsOf } from '../lib/daemon.mjs';
import { check, checkEvent } from '../lib/described.mjs';
import { daemonPath } from '../lib/paths.mjs';

let daemon, document, etag;
const test = testsOf(() => daemon);

before(async () => {
    daemon = await new Daemon({ config: { 'browser.chrome': { max_connections: 0 } } })
        .start({ ready: false });
    const [first, ...others] = await Promise.all(Array.from({ length: 12 }, () => daemon.get('/v1/openapi.json')));
    document = first.json;
    etag = first.headers.etag;
    for (const { status, text, headers } of others) {
        assert.deepEqual([status, headers.etag], [200, etag]);
        assert.equal(text, first.text);
    }
});
after(() => daemon.stop());

test('the document is OpenAPI 3.1, and the one that webinferd prints', async () => {
    const printed = JSON.parse(execFileSync(daemonPath, ['--print-openapi'],
        { encoding: 'utf8', maxBuffer: 1 << 24 }));
    assert.deepEqual(document, printed);
    const result = await new Validator().validate(printed);
    assert.ok(result.valid, JSON.stringify(result.errors));
    assert.equal(document.openapi.slice(0, 3), '3.1');
});

/** The parts of a schema that say nothing of their type; schemas that it refers to are looked at once. */
function untypedIn(schema, place, seen) {
    const { $ref, anyOf, type, items, properties, additionalProperties: more } = schema;
    if (seen.has($ref)) return [];
    if ($ref) {
        const name = $ref.split('/').at(-1);
        return untypedIn(document.components.schemas[name], name, seen.add($ref));
    }
    const parts = [...(anyOf ?? []).map((one) => [one, place]),
        ...Object.entries(properties ?? {}).map(([name, one]) => [one, `${place}.${name}`]),
        ...(type === 'array' ? [[items ?? {}, `${place}[]`]] : []),
        ...(type === 'object' && more !== false ? [[more ?? {}, `${place}{}`]] : [])];
    const isTyped = anyOf || type || 'const' in schema;
    return [...(isTyped ? [] : [place]), ...parts.flatMap(([one, inner]) => untypedIn(one, inner, seen))];
}

test('every part of a request has a type', () => {
    const seen = new Set();
    const untyped = Object.entries(document.paths).flatMap(([path, methods]) => Object.entries(methods)
        .flatMap(([method, { parameters = [], requestBody: { content = {} } = {} }]) =>
            [...parameters.map(({ name, schema }) => [name, schema]), ...Object.entries(content).map(([type, { schema }]) => [type, schema])]
                .flatMap(([name, schema]) => untypedIn(schema, `${method} ${path} ${name}`, seen))));
    assert.deepEqual(untyped, []);
    assert.ok(seen.has('#/components/schemas/JsonValue'));
});

test('who has the document is told so, without it', async () => {
    assert.match(etag, /^"[0-9a-f]{64}"$/);
    for (const known of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
        const { status, text } = await daemon.get('/v1/openapi.json', { headers: { 'If-None-Match': known } });
        assert.deepEqual([status, text], [304, ''], known);
    }
    const { status, json } = await daemon.get('/v1/openapi.json', { headers: { 'If-None-Match': '"other"' } });
    assert.equal(status, 200);
    assert.deepEqual(json, document);
});

test('it describes what GET / lists, and no more', async () => {
    const { endpoints } = (await daemon.get('/')).json;
    const listed = endpoints.map(({ method, path }) => `${method} ${path}`);
    const described = Object.entries(document.paths).flatMap(([path, methods]) =>
        Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`));
    assert.deepEqual(described.sort(), listed.sort());
});

const json = { 'content-type': 'application/json' };
const problems = { 'content-type': 'application/problem+json' };
const problem = { type: 'about:x', title: 'x', status: 404, code: 'model_not_found' };

test('an answer that is described passes', () => {
    const say = (path, status, headers, value) =>
        check('GET', daemon.url + path, status, headers, Buffer.from(JSON.stringify(value)));
    say('/healthz', 200, json, { status: 'ok' });
    say('/v1/models/a/b', 404, problems, { ...problem,
        error: { message: 'x', type: 'invalid_request_error', param: null, code: 'model_not_found' } });
    check('GET', 'http://127.0.0.1:1/elsewhere', 200, json, Buffer.from('{}')); // none of ours
});

for (const [what, said, message] of [
    ['an operation', ['/v1/nothing', 200, json, {}], /no such operation/],
    ['a status', ['/healthz', 201, json, { status: 'ok' }], /no status 201/],
    ['a media type', ['/healthz', 200, { 'content-type': 'text/html' }, {}], /no text\/html/],
    ['a member', ['/healthz', 200, json, { status: 'ok', more: 1 }], /additional.*more/],
    ['a member that is missing', ['/healthz', 200, json, {}], /required property 'status'/],
    ['a member of a member', ['/v1/status', 200, json, { api: { urls: [] } }], /required property/],
    ['a code', ['/healthz', 404, problems, problem], /no status 404/],
    ['a code of that status', ['/v1/jobs/1', 404, problems, problem], /one of the allowed values/],
])
    test(`an answer that is not described is found: ${what}`, () => {
        const [path, status, headers, value] = said;
        assert.throws(() => check('GET', daemon.url + path, status, headers,
            Buffer.from(JSON.stringify(value))), message);
    });

test('so is an event', () => {
    const url = `${daemon.url}/v1/infer`;
    checkEvent('POST', url, 200, 'part', { seq: 0, index: 0, text: 'a' });
    assert.throws(() => checkEvent('POST', url, 200, 'part', { seq: 0, index: 0, texts: 'a' }), /texts/);
    assert.throws(() => checkEvent('POST', url, 200, 'parts', {}), /no event parts/);
    assert.throws(() => checkEvent('POST', url, 200, 'error', { ...problem, code: 'stream_gone' }),
        /allowed values/);
    assert.throws(() => check('POST', url, 200, { 'content-type': 'text/event-stream' },
        Buffer.from('event: part\ndata: {"seq":0}\n\n')), /required property 'index'/);
});
