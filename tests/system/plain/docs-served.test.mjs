// tier: quick
/**
 * The documentation as the daemon serves it: public, from a list of files that was made at the start, with links that
 * work below any path. tests/system/docs.test.mjs searches the built site in a browser.
 */
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import zlib from 'node:zlib';
import { Daemon, testsOf } from '../../lib/daemon.mjs';
import { assertProblem } from '../../lib/problem.mjs';
import { putShare } from '../../lib/share.mjs';
import { newToken, writeTokens } from '../../lib/tokens.mjs';

const HOME = '<!doctype html><title>webinfer</title><a href="man/webinferd.8.html">webinferd(8)</a>';
const MANUAL = `<!doctype html><title>webinferd(8)</title>${'<p>a paragraph</p>'.repeat(400)}`;
const FILES = { 'docs/index.html': HOME, 'docs/man/webinferd.8.html': MANUAL, 'docs/pagefind/wasm.en.pagefind': 'binary',
    'docs/man/webinferd.8.html.gz': zlib.gzipSync(MANUAL), 'docs/style.css': 'p { margin: 0 }', 'secret.txt': 'no page' };
const TOKEN = newToken();
/** @type {Daemon} */
let daemon;
const test = testsOf(() => daemon);

before(async () => {
    daemon = new Daemon({ config: { pool: { min_connections: 0 } } });
    daemon.writeConfig({ api: { tokens_file: writeTokens(daemon, { ada: 'user' }, { ada: TOKEN }) },
        bridge: { page: putShare(daemon.folder, FILES) } });
    await daemon.start({ ready: false });
});
after(() => daemon.stop());

test('the first page has one address, and its links lead on from there', async () => {
    const moved = await daemon.get('/docs');
    assert.deepEqual([moved.status, moved.headers.location, moved.text], [308, 'docs/', '']);
    const home = await daemon.get('/docs/');
    assert.deepEqual([home.status, home.headers['content-type'], home.text], [200, 'text/html; charset=utf-8', HOME]);
    const manual = await daemon.get('/docs/man/webinferd.8.html');
    assert.deepEqual([manual.status, manual.text], [200, MANUAL]);
    const wasm = await daemon.get('/docs/pagefind/wasm.en.pagefind');
    assert.deepEqual([wasm.status, wasm.headers['content-type'], wasm.text], [200, 'application/octet-stream', 'binary']);
});

test('its files are bound to this server, and asked for again', async () => {
    const policy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'; "
        + "style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
    const wanted = { 'content-security-policy': policy, 'cross-origin-opener-policy': 'same-origin',
        'cross-origin-resource-policy': 'same-origin', 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer',
        'cache-control': 'no-cache', vary: 'Accept-Encoding' };
    for (const where of ['/docs/', '/docs/style.css', '/docs/man/webinferd.8.html']) {
        const { headers } = await daemon.get(where);
        assert.deepEqual(Object.fromEntries(Object.keys(wanted).map((name) => [name, headers[name]])), wanted, where);
        const known = await daemon.get(where, { headers: { 'If-None-Match': headers.etag } });
        assert.deepEqual([known.status, known.text, known.headers.etag], [304, '', headers.etag], where);
    }
});

test('a page is sent compressed to a client that takes it so', async () => {
    const where = '/docs/man/webinferd.8.html';
    const small = await daemon.get(where, { headers: { 'Accept-Encoding': 'gzip' } });
    assert.equal(small.headers['content-encoding'], 'gzip');
    assert.equal(zlib.gunzipSync(small.body).toString(), MANUAL);
    const head = await daemon.request(where, { method: 'HEAD' });
    assert.deepEqual([head.status, head.text, head.headers['content-length']], [200, '', String(MANUAL.length)]);
    assertProblem(await daemon.post(where, {}, { headers: { Authorization: `Bearer ${TOKEN}` } }), 405, 'method_not_allowed');
});

test('no path leads out of the site', async () => {
    for (const where of ['/docs/none.html', '/docs/man', '/docs/man/', '/docs/secret.txt', '/docs/../secret.txt', '/docs/..%2fsecret.txt',
        '/docs/%2e%2e/page/index.html', '/docs/man/webinferd.8.html.gz', '/docs//index.html', '/docs/%00', `/docs/${'a'.repeat(390)}`]) {
        const { status, text } = await daemon.get(where, { path: where });
        assert.ok(status === 404 || (status === 400 && where.includes('%00')), `${where}: ${status}`);
        assert.ok(!text.includes('no page'), where);
    }
    assertProblem(await daemon.get('/docs/none.html'), 404, 'not_found',
        { detail: /^the documentation has no file none\.html; GET \/docs\/ is its first page$/ });
});

test('an operator takes it away together with the console', async () => {
    await daemon.reload({ api: { console: 'no' } });
    for (const where of ['/docs', '/docs/', '/docs/man/webinferd.8.html'])
        assertProblem(await daemon.get(where), 404, 'not_found', { detail: /^the documentation is turned off, by \[api\] console = no$/ });
    await daemon.reload({ api: { console: 'yes' } });
    assert.equal((await daemon.get('/docs/')).text, HOME);
});

test('where it was not built, the answer says how to build it', async () => {
    const bare = new Daemon({ config: { pool: { min_connections: 0 } } });
    try {
        bare.writeConfig({ bridge: { page: putShare(bare.folder, {}) } });
        await bare.start({ ready: false });
        for (const where of ['/docs', '/docs/', '/docs/guide.html'])
            assertProblem(await bare.get(where), 404, 'not_found',
                { detail: /was not built: run \.\/dev docs in the source tree, then make install .* restart webinferd$/ });
    } finally {
        await bare.stop();
    }
});
