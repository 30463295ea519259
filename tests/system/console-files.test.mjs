// tier: quick
/**
 * The console's files: who opens the address with a browser gets its document, everybody else the
 * list of endpoints; the files are public and bound to their server by their headers.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before } from 'node:test';
import zlib from 'node:zlib';
import { webinfer } from '../lib/cli.mjs';
import { Daemon, testsOf } from '../lib/daemon.mjs';
import { builtPage } from '../lib/paths.mjs';
import { putShare } from '../lib/share.mjs';
import { newToken, writeTokens } from '../lib/tokens.mjs';

const DOCUMENT = '<!doctype html><title>console</title><script type="module" src="/console/main-5XK2Q7NB.js"></script>';
const SCRIPT = `export const text = '${'a'.repeat(4000)}';`;
const TOKEN = newToken();
const AS_A_BROWSER = { Accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' };
const CSP = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src blob:; "
    + "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'";
/** @type {Daemon} */
let daemon;
const test = testsOf(() => daemon);

const FILES = { 'console/index.html': DOCUMENT, 'console/main-5XK2Q7NB.js': SCRIPT,
    'console/main-5XK2Q7NB.js.gz': zlib.gzipSync(SCRIPT), 'secret.txt': 'no file of the console' };

before(async () => {
    daemon = new Daemon({ config: { pool: { min_connections: 0 } } });
    daemon.writeConfig({ api: { tokens_file: writeTokens(daemon, { ada: 'user' }, { ada: TOKEN }) }, bridge: { page: putShare(daemon.folder, FILES) } });
    await daemon.start({ ready: false });
});
after(() => daemon.stop());

test('who opens the address with a browser gets the console without a token, everybody else the list', async () => {
    const document = await daemon.get('/', { headers: AS_A_BROWSER });
    assert.deepEqual([document.status, document.headers['content-type'], document.text],
        [200, 'text/html; charset=utf-8', DOCUMENT]);
    for (const headers of [{}, { Accept: '*/*' }, { Accept: 'application/json' }]) {
        assert.equal((await daemon.get('/', { headers })).status, 401);
        const list = await daemon.get('/', { headers: { ...headers, Authorization: `Bearer ${TOKEN}` } });
        assert.deepEqual([list.status, list.json.name, list.headers.vary], [200, 'webinfer', 'Accept']);
    }
    await daemon.logs(/api: open http:\/\/127\.0\.0\.1:\d+\/ in a browser for the console/);
});

test('the document is bound to this server, and asked for again', async () => {
    const { headers } = await daemon.get('/', { headers: AS_A_BROWSER });
    const wanted = { 'content-security-policy': CSP, 'cross-origin-opener-policy': 'same-origin',
        'cross-origin-resource-policy': 'same-origin', 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer',
        'cache-control': 'no-cache', vary: 'Accept, Accept-Encoding' };
    assert.deepEqual(Object.fromEntries(Object.keys(wanted).map((name) => [name, headers[name]])), wanted);
    const known = await daemon.get('/', { headers: { ...AS_A_BROWSER, 'If-None-Match': headers.etag } });
    assert.deepEqual([known.status, known.text, known.headers.etag], [304, '', headers.etag]);
});

test('its files are public, and kept for ever', async () => {
    const file = '/console/main-5XK2Q7NB.js';
    const plain = await daemon.get(file);
    assert.deepEqual([plain.status, plain.headers['content-type'], plain.text, plain.headers['cache-control']],
        [200, 'text/javascript; charset=utf-8', SCRIPT, 'public, max-age=31536000, immutable']);
    const small = await daemon.get(file, { headers: { 'Accept-Encoding': 'gzip', Accept: 'text/javascript' } });
    assert.equal(small.headers['content-encoding'], 'gzip');
    assert.equal(zlib.gunzipSync(small.body).toString(), SCRIPT);
    const head = await daemon.request(file, { method: 'HEAD' });
    assert.deepEqual([head.status, head.text, head.headers['content-length']], [200, '', String(SCRIPT.length)]);
    for (const other of ['/console/secret.txt', '/console/..', '/console/main-5XK2Q7NB.js.gz'])
        assert.equal((await daemon.get(other, { path: other })).status, 404, other);
    for (const other of ['/console/', '/console/..%2fsecret.txt', '/console/../secret.txt', '/console/%2e%2e%2fpage%2findex.html'])
        assert.equal((await daemon.get(other, { path: other })).status, 401, `${other} is no address that there is`);
    assert.equal((await daemon.post(file, {}, { headers: { Authorization: `Bearer ${TOKEN}` } })).status, 405);
});

test('the document has one address, from which its links lead on', async () => {
    const { status, headers, text } = await daemon.get('/console/index.html', { headers: AS_A_BROWSER });
    assert.deepEqual([status, headers.location, text], [308, '../', '']);
    const built = fs.readFileSync(path.join(builtPage, '../console/index.html'), 'utf8');
    const links = [...built.matchAll(/(?:href|src)="([^"]*)"/g)].map(([, link]) => link).filter((link) => !link.startsWith('data:'));
    assert.equal(links.length, 2);
    for (const link of links) assert.match(link, /^console\/console-\w+\.(js|css)$/);
});

/** A daemon without tokens, with these files beside its page. */
async function withFiles(files, use) {
    const other = new Daemon({ config: { pool: { min_connections: 0 } } });
    try {
        other.writeConfig({ bridge: { page: putShare(other.folder, files) } });
        await other.start({ ready: false });
        await use(other);
    } finally {
        await other.stop();
    }
}

test('a link of another site leads to the console, and to nothing else', () => withFiles(FILES, async (open) => {
    const away = { 'Sec-Fetch-Site': 'cross-site' };
    assert.equal((await open.get('/', { headers: { ...AS_A_BROWSER, ...away } })).text, DOCUMENT);
    for (const where of ['/', '/v1/status']) assert.equal((await open.get(where, { headers: away })).status, 403);
}));

test('twelve at once get the same', async () => {
    const answers = await Promise.all(Array.from({ length: 12 }, (_, i) => i % 2
        ? daemon.get('/', { headers: AS_A_BROWSER }) : daemon.get('/console/main-5XK2Q7NB.js')));
    for (const [i, { status, text }] of answers.entries()) assert.deepEqual([status, text], [200, i % 2 ? DOCUMENT : SCRIPT]);
});

test('webinfer open prints the address where there is no desktop', async () => {
    const env = { DISPLAY: '', WAYLAND_DISPLAY: '' };
    const { code, out } = await webinfer(daemon, ['open'], { env });
    assert.deepEqual([code, out], [0, `${daemon.url}/\n`]);
    const nobody = await webinfer({ ...daemon, url: 'http://127.0.0.1:9', folder: daemon.folder, temporary: daemon.temporary }, ['open'], { env });
    assert.equal(nobody.code, 3);
});

test('an operator takes the console away', async () => {
    await daemon.reload({ api: { console: 'no' } });
    assert.equal((await daemon.get('/', { headers: AS_A_BROWSER })).status, 401);
    assert.equal((await daemon.get('/console/main-5XK2Q7NB.js')).status, 404);
    await daemon.reload({ api: { console: 'yes' } });
    assert.equal((await daemon.get('/', { headers: AS_A_BROWSER })).text, DOCUMENT);
});

test('where none was built the address tells the list', () => withFiles({}, async (bare) => {
    assert.equal((await bare.get('/', { headers: AS_A_BROWSER })).json.name, 'webinfer');
    assert.ok(!bare.log.includes('for the console'));
}));
