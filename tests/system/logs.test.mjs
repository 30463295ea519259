// tier: quick
/** GET /v1/logs: the last lines of the log, whoever reads standard error. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before } from 'node:test';
import { Daemon, testsOf, withDaemon } from '../lib/daemon.mjs';
import { tokensOf, writeTokens } from '../lib/tokens.mjs';
import { until } from '../lib/wait.mjs';
import { Wire } from '../lib/wire.mjs';

const people = { ada: 'user', root: 'admin' };
const tokens = tokensOf(people);
const alone = { pool: { min_connections: 0 }, 'browser.chrome': { max_connections: 0 } };

/** @type {Daemon} */
let daemon;
const test = testsOf(() => daemon);
before(async () => {
    daemon = new Daemon({ config: { ...alone, log: { level: 'debug' } } });
    daemon.writeConfig({ api: { tokens_file: writeTokens(daemon, people, tokens) } });
    await daemon.start({ ready: false });
});
after(() => daemon.stop());

const as = (who, more = {}) =>
    ({ ...more, headers: { ...more.headers, Authorization: `Bearer ${tokens[who]}` } });
const get = (where, more) => daemon.get(where, as('root', more));
async function logs(query = {}) {
    const answer = await get(`/v1/logs?${new URLSearchParams(query)}`);
    assert.equal(answer.status, 200, answer.text);
    return answer.json;
}
/** Asks for something that there is not, which the log says; `word` is in its path. */
const say = (word, who = 'root') => daemon.get(`/nothing/${word}`, as(who));
/** The lines about such requests, once there are so many: a line is made when its answer was sent. */
const said = (word, count) => until(async () => {
    const { lines } = await logs({ contains: word, part: 'api', limit: 2000 });
    const found = lines.filter((line) => line.path.startsWith('/nothing/'));
    return found.length >= count && found;
}, { what: `${count} lines about ${word}` });
const increase = (lines) => lines.every(({ seq }, i) => i === 0 || seq > lines[i - 1].seq);

test('lines have the fields of the format JSON, though standard error has text', async () => {
    await say('fields', 'ada');
    const [line] = await said('fields', 1);
    assert.deepEqual(Object.keys(line).toSorted(), ['address', 'bytes_in', 'bytes_out', 'client_left',
        'duration_ms', 'level', 'message', 'method', 'part', 'path', 'request_id', 'seq', 'status',
        'subject', 'time', 'token']);
    assert.equal(line.status, 404);
    assert.equal(line.token, 'ada');
    assert.equal(line.level, 'info');
    assert.equal(line.subject, line.request_id);
    assert.match(line.time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    await daemon.logs(/info {2}api: \S+: GET \/nothing\/fields 404 /);
});

test('the first line is number 1, and all of them are in order', async () => {
    const { lines, lost } = await logs({ limit: 2000 });
    assert.equal(lost, 0);
    assert.deepEqual(lines.map(({ seq }) => seq), lines.map((_, i) => i + 1));
});

test('filters: level and worse, part, text', async () => {
    await daemon.get('/healthz'); // at level debug
    await say('Filters');
    await said('Filters', 1);
    const levels = ['error', 'warn', 'info', 'debug'];
    const all = (await logs({ limit: 2000 })).lines;
    const upTo = all.at(-1).seq + 1;
    for (const [i, level] of levels.entries()) {
        const { lines } = await logs({ level, before: upTo, limit: 2000 });
        const expected = all.filter((line) => levels.indexOf(line.level) <= i);
        assert.deepEqual(lines, expected, level);
    }
    assert.ok(all.some(({ level }) => level === 'debug'));
    assert.ok(all.some(({ level }) => level === 'info'));
    for (const part of new Set(all.map((line) => line.part))) {
        const { lines } = await logs({ part, before: upTo, limit: 2000 });
        assert.deepEqual(lines, all.filter((line) => line.part === part), part);
    }
    assert.deepEqual((await logs({ part: 'ap' })).lines, []);
    assert.deepEqual((await logs({ contains: 'filters', before: upTo })).lines, []);
    const [line] = (await logs({ contains: '/Filters 404', before: upTo })).lines;
    assert.deepEqual((await logs({ contains: line.subject, part: 'api', before: upTo })).lines,
        [line]);
    assert.deepEqual((await logs({ contains: '', before: upTo, limit: 2000 })).lines, all);
});

test('pages by before, joined, are the whole', async () => {
    for (let i = 0; i < 25; i++) await say(`page-${i}`);
    await said('page-', 25);
    const all = (await logs({ contains: '/nothing/page-', limit: 2000 })).lines;
    let joined = [];
    for (let before = all.at(-1).seq + 1, page; ; before = page[0].seq) {
        page = (await logs({ contains: '/nothing/page-', before, limit: 7 })).lines;
        if (page.length === 0) break;
        assert.ok(page.length <= 7);
        joined = [...page, ...joined];
    }
    assert.deepEqual(joined, all);
    assert.equal(joined.length, 25);
    assert.equal((await logs({ before: 1 })).lines.length, 0);
});

test('200 lines where nobody says how many', async () => {
    await Promise.all(Array.from({ length: 250 }, () => say('many')));
    await said('many', 250);
    assert.equal((await logs()).lines.length, 200);
    assert.equal((await logs({ limit: 1 })).lines.length, 1);
});

test('what is no query of it is refused by its field', async () => {
    for (const [query, code, field, more] of [
        ['level=loud', 'invalid_field', 'level', { allowed: 'error, warn, info, debug' }],
        ['level=', 'invalid_field', 'level', { allowed: 'error, warn, info, debug' }],
        ['limit=0', 'invalid_field', 'limit', { expected: '1 to 2000' }],
        ['limit=2001', 'invalid_field', 'limit', { expected: '1 to 2000' }],
        ['limit=-1', 'invalid_field', 'limit', { expected: '1 to 2000' }],
        ['limit=1e2', 'invalid_field', 'limit', { expected: '1 to 2000' }],
        ['limit=99999999999999999999', 'invalid_field', 'limit', { expected: '1 to 2000' }],
        ['before=0', 'invalid_field', 'before', { expected: '1 to 9007199254740991' }],
        ['before=soon', 'invalid_field', 'before', { expected: '1 to 9007199254740991' }],
        ['part=', 'invalid_field', 'part', { expected: '1 to 64 bytes' }],
        [`contains=${'x'.repeat(201)}`, 'invalid_field', 'contains', { expected: '0 to 200 bytes' }],
        ['contains=%ff', 'invalid_field', 'contains', { expected: 'UTF-8, percent-encoded' }],
        ['contains=a%00b', 'invalid_field', 'contains', {}],
        ['since=1', 'unknown_field', 'since', {}],
    ]) {
        const answer = await get(`/v1/logs?${query}`);
        assert.equal(answer.status, 400, `${query}: ${answer.text}`);
        assert.equal(answer.json.code, code, query);
        assert.equal(answer.json.field, field, query);
        for (const [name, value] of Object.entries(more))
            assert.equal(answer.json[name], value, query);
    }
});

test('a user is not told, nor is who has no token', async () => {
    const user = await daemon.get('/v1/logs', as('ada'));
    assert.deepEqual([user.status, user.json.code, user.json.expected],
        [403, 'rank', 'a token of rank admin']);
    assert.equal((await daemon.get('/v1/logs')).status, 401);
});

test('tokens are in no line', async () => {
    await say(`with-${tokens.ada}-in-it`);
    const lines = await said('/nothing/with-wi_***', 1);
    assert.match(lines[0].path, /^\/nothing\/with-wi_\*\*\*/);
    const { lines: all } = await logs({ limit: 2000 });
    assert.ok(!JSON.stringify(all).includes(tokens.ada));
    assert.deepEqual((await logs({ contains: tokens.ada.slice(0, 20), part: 'api' })).lines, []);
});

test('hostile text comes as a text', async () => {
    const hostile = '/nothing/hostile"\\</script><img%20onerror=1>\xff\xc2\xe2\x80\xae\x1b[31m\x07';
    const wire = new Wire(daemon.url);
    wire.write(`GET ${hostile} HTTP/1.1\r\nHost: ${wire.host}\r\n` +
        `Authorization: Bearer ${tokens.root}\r\nConnection: close\r\n\r\n`);
    await until(() => wire.closed, { what: 'the answer' });
    const lines = await until(async () => {
        const found = (await logs({ contains: '/nothing/hostile', part: 'api' })).lines;
        return found.length > 0 && found;
    }, { what: 'the line' });
    assert.equal(lines[0].path,
        '/nothing/hostile"\\</script><img onerror=1>\ufffd\ufffd\u202e\x1b[31m\x07');
    assert.ok(lines[0].message.startsWith(`GET ${lines[0].path} `), lines[0].message);
});

test('twelve readers at once, while lines are said', async () => {
    const before = (await logs({ limit: 1 })).lines[0].seq;
    await Promise.all(Array.from({ length: 12 }, async (_, reader) => {
        for (let i = 0; i < 15; i++) {
            await say(`crowd-${reader}`);
            const { lines } = await logs({ limit: 500 });
            assert.ok(increase(lines));
        }
    }));
    const lines = await said('crowd-', 12 * 15);
    assert.equal(new Set(lines.map(({ seq }) => seq)).size, 12 * 15);
    assert.ok(lines.every(({ seq }) => seq > before));
});

test('the oldest lines go, and are counted', () => withDaemon(
    { config: alone, ready: false }, async (other) => {
        const first = (await other.get('/v1/logs?limit=2000')).json;
        assert.equal(first.lost, 0);
        // Each has its path twice, of which the message has less.
        const long = `/nothing/${'l'.repeat(3000)}`;
        let answer;
        await until(async () => {
            await Promise.all(Array.from({ length: 40 }, () => other.get(long)));
            answer = (await other.get('/v1/logs?limit=2000')).json;
            return answer.lost > 0;
        }, { what: 'lines to be lost' });
        assert.equal(answer.lines[0].seq, answer.lost + 1);
        assert.ok(increase(answer.lines));
        assert.equal(answer.lines.at(-1).seq, answer.lost + answer.lines.length);
        assert.ok(answer.lines.length < 2000, 'by their bytes');
        assert.ok(JSON.stringify(answer.lines).length < 2 << 20);
        const gone = (await other.get('/v1/logs?before=2')).json;
        assert.deepEqual(gone.lines, []);
        assert.ok(gone.lost >= answer.lost);
    }));
