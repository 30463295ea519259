// tier: full
/**
 * Pulls by the daemon from a hub that fails, one way at a time: the model is here with the bytes of
 * the hub, or there is an error that says why and nothing lies under the model's name. What hubs
 * do to single files at length, and slowly, is in pull-faults.test.mjs.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { after, before } from 'node:test';
import { certificate } from '../lib/certificate.mjs';
import { Daemon, testsOf, withDaemon } from '../lib/daemon.mjs';
import { pullToEnd } from '../lib/events.mjs';
import { string, writeGguf } from '../lib/gguf.mjs';
import { content, sha256, startHub } from '../lib/hub.mjs';
import { until } from '../lib/wait.mjs';

const AT_ONCE = 8; // as many pulls as the daemon lets go on beside each other
const ALWAYS = { times: Infinity };
const MORE = 1 << 19; // bytes behind a piece, sent with it

/** @type {Daemon} */
let daemon;
/** @type {Awaited<ReturnType<typeof startHub>>} */
let hub;
/** Bytes of a small model. */
let bytes;
/** A pull whose server falls silent, with a daemon of its own: it waits half a minute, beside the tests. */
let stalled;
const test = testsOf(() => daemon);

/** The same model with another word in it, as long as before. */
function other(word) {
    const copy = Buffer.from(bytes);
    copy.write(word, copy.indexOf('WORD'), 4, 'latin1');
    return copy;
}

/** Pulls to the end: {code, detail, retryAfter} of a problem, or {code: 'done'}. */
async function pulled(body, from = daemon) {
    const { status, headers, last, outcome } = await pullToEnd(from, body);
    if (status !== 200) return { ...outcome, retryAfter: headers['retry-after'] };
    return last.event === 'done' ? { code: 'done' } : outcome;
}

/** Every file of a model that is here has the bytes of `files`; one that is not here has no name. */
function look(name, files, home = daemon) {
    const place = path.join(home.store, name);
    if (!files) return assert.ok(!fs.existsSync(place), `${name} is there`);
    const found = fs.readdirSync(place, { recursive: true }).filter((one) =>
        !one.startsWith('.') && fs.statSync(path.join(place, one)).isFile()).sort();
    assert.deepEqual(found, Object.keys(files).sort(), name);
    for (const [file, right] of Object.entries(files))
        assert.equal(sha256(fs.readFileSync(path.join(place, file))), sha256(right), `${name}/${file}`);
}

/** Does `each` for all cases, some of them at a time. */
async function inTurns(cases, each) {
    const left = Object.entries(cases);
    await Promise.all(Array.from({ length: AT_ONCE }, async () => {
        for (let one = left.shift(); one; one = left.shift()) await each(...one);
    }));
}

let cases = 0;

/** A repository of its own for a case, whose name is in every path that the case's fault is for. No
 * other model has its bytes: they would be here already. */
function pushCase(name, model = other(String(cases++).padStart(4, '0'))) {
    const id = name.replaceAll(' ', '-');
    const files = { [`${id}-F32.gguf`]: model };
    hub.push(`fault/${id}`, files);
    return { id, files, repository: `fault/${id}` };
}

before(async () => {
    hub = await startHub({ token: 'hf_secret' });
    daemon = new Daemon({ config: { pool: { min_connections: 0 },
        models: { hub: 'local' }, 'hub.local': { url: hub.url } } });
    const file = path.join(daemon.folder, 'model.gguf');
    writeGguf(file, { arch: 'llama', metadata: { 'general.name': string('WORD') } });
    bytes = fs.readFileSync(file);
    stalled = pullThatStalls();
    stalled.catch(() => {}); // it is looked at in its test
    await daemon.start({ ready: false });
});
after(async () => {
    await stalled?.catch(() => {});
    await daemon.stop();
    await hub?.close();
});

test('a pull gets over what fails for a while', async () => {
    const soon = { 'Retry-After': '1' };
    await inTurns({
        'no answer to the revision': [{ phase: 'revision', drop: true }],
        'a revision that is cut': [{ phase: 'revision', cutAfter: 9 }],
        'a busy revision': [{ phase: 'revision', status: 429, headers: soon }],
        'no answer to the tree': [{ phase: 'tree', drop: true }],
        'a tree that is cut': [{ phase: 'tree', cutAfter: 40 }],
        'a broken tree': [{ phase: 'tree', status: 500 }],
        'a renamed repository': [{ phase: 'tree', redirect: (url) => `${url}&again` }],
        'no answer to the file': [{ phase: 'resolve', drop: true }],
        'a busy file': [{ phase: 'resolve', status: 429, headers: soon }],
        'no answer at the place': [{ phase: 'content', drop: true }],
        'a cut at once': [{ phase: 'content', cutAfter: 0 }],
        'a cut in the middle': [{ phase: 'content', cutAfter: 1000 }],
        'a cut before the end': [{ phase: 'content', cutAfter: bytes.length - 1 }],
        'a place that is broken': [{ phase: 'content', status: 503 }],
        'a URL that has expired': [{ phase: 'content', status: 403 }],
        'a wrong byte': [{ phase: 'content', wrongByte: 1234 }],
        'no ranges and a cut': [{ phase: 'content', noRanges: true, cutAfter: 900, times: 2 }],
        'all of it': [{ phase: 'revision', drop: true }, { phase: 'tree', status: 503 },
            { phase: 'resolve', cutAfter: 3 }, { phase: 'content', cutAfter: 700 }],
    }, async (name, faults) => {
        const { id, files, repository } = pushCase(name);
        for (const fault of faults) hub.fail({ path: id, ...fault });
        const end = await pulled({ model: repository });
        assert.equal(end.code, 'done', `${name}: ${end.detail}`);
        look(repository, files);
    });
});

test('a pull that cannot succeed says why, and leaves no model', async () => {
    const revision = { phase: 'revision', ...ALWAYS }, tree = { phase: 'tree', ...ALWAYS };
    const resolve = { phase: 'resolve', ...ALWAYS }, content = { phase: 'content', ...ALWAYS };
    const reason = (code) => ({ 'X-Error-Code': code });
    const entry = (more) => JSON.stringify([{ type: 'file', path: 'x-F32.gguf', size: 4,
        oid: 'a'.repeat(40), ...more }]);
    await inTurns({
        'garbage for a revision': [{ ...revision, garbage: '{"sha": "../../etc"}' },
            'hub_failed', /no commit/],
        'garbage for a tree': [{ ...tree, garbage: '[{"type": "file", ' },
            'hub_failed', /of the tree: line 1/],
        'a tree that is no list': [{ ...tree, garbage: '{"error": 1}' }, 'hub_failed', /no list/],
        'a path that leads out': [{ ...tree, garbage: entry({ path: '../x.gguf' }) },
            'hub_failed', /leads out/],
        'a length below none': [{ ...tree, garbage: entry({ size: -1 }) },
            'hub_failed', /no length or no hash/],
        'a token that is missing': [{ ...revision, status: 401, headers: reason('RepoNotFound') },
            'hub_unauthorized', /private, or does not exist/],
        'terms that nobody accepted': [{ ...resolve, status: 403, headers: reason('GatedRepo') },
            'hub_unauthorized', /gated: accept its terms/],
        'a repository that is gone': [{ ...revision, status: 404, headers: reason('RepoNotFound') },
            'hub_not_found', /no such repository/],
        'a file that is gone': [{ ...resolve, status: 404, headers: reason('EntryNotFound') },
            'hub_not_found', /no such file/],
        'patience that is asked for': [{ ...revision, status: 429, headers: { 'Retry-After': '900' } },
            'hub_busy', /429/, '900'],
        'a list elsewhere': [{ ...tree, redirect: 'http://127.0.0.1:1/' }, 'hub_failed', /not followed/],
        'a list that leads to itself': [{ ...tree, redirect: (url) => url }, 'hub_failed', /not followed/],
        'a place where nothing is': [{ ...content, status: 404 },
            'hub_not_found', /redirects .* answers 404/],
        'a file that leads to itself': [{ ...resolve, redirect: (url) => url },
            'hub_failed', /one redirect too many/],
        'a file in a private network': [{ ...resolve, redirect: 'http://192.168.7.7/x?Signature=s3cret' },
            'hub_failed', /192\.168\.7\.7/],
        'a file of this machine': [{ ...resolve, redirect: 'file:///etc/passwd' },
            'hub_failed', /without saying where|not https/],
        'bytes that are wrong': [{ ...content, wrongByte: 1234 }, 'download_corrupt', /hash/],
        'a length that is wrong': [{ ...content, wrongLength: 7 }, 'download_corrupt', /another length/],
        'a page of HTML': [{ ...content, garbage: '<html>' }, 'download_corrupt', /another length/],
    }, async (name, [fault, code, detail, retryAfter]) => {
        const { id, repository } = pushCase(name);
        hub.fail({ path: id, ...fault });
        const end = await pulled({ model: repository });
        assert.equal(end.code, code, `${name}: ${JSON.stringify(end)}`);
        assert.match(end.detail, detail);
        assert.doesNotMatch(end.detail, /s3cret/);
        if (retryAfter) assert.equal(end.retryAfter, retryAfter, name);
        look(repository, null);
        const seen = await daemon.get(`/v1/models/${repository}`);
        assert.deepEqual([seen.status, seen.json.code], [404, 'model_not_found'], name);
        assert.match(seen.json.detail, /its pull failed/);
    });
    hub.heal();
    assert.deepEqual(fs.readdirSync(path.join(daemon.store, '.staging')), [], 'nothing had begun');
});

test('a pointer of Git LFS on the hub is named', async () => {
    const { repository } = pushCase('a clone without its files',
        'version https://git-lfs.github.com/spec/v1\noid sha256:12\nsize 1234567890\n');
    const end = await pulled({ model: repository });
    assert.equal(end.code, 'download_corrupt');
    assert.match(end.detail, /only a Git LFS pointer instead of .*: the files were copied without "git lfs pull"/);
    look(repository, null);
});

test('what may pass goes on the next time, and what is wrong for good is gone', async () => {
    const { id, files, repository } = pushCase('one more time');
    const staged = () => fs.readdirSync(path.join(daemon.store, '.staging')).length;
    hub.fail({ phase: 'content', path: id, cutAfter: 300_000 });
    hub.fail({ phase: 'resolve', path: id, status: 401, skip: 1 });
    assert.equal((await pulled({ model: repository })).code, 'hub_unauthorized');
    assert.equal(staged(), 1);
    hub.requests.length = 0;
    assert.equal((await pulled({ model: repository })).code, 'done');
    look(repository, files);
    assert.equal(staged(), 0);
    const again = hub.asked('content').reduce((sum, one) => sum + one.sent, 0);
    assert.ok(again < bytes.length, `${again} bytes came once more`);
});

test('a repository of 10,000 files is read, one of more is refused', async () => {
    const list = (count) => Object.fromEntries(Array.from({ length: count },
        (_, index) => [`notes/${index}.txt`, `note ${index}`]));
    hub.push('many/files', { ...list(9999), 'many-F32.gguf': bytes });
    assert.equal((await pulled({ model: 'many/files' })).code, 'done');
    look('many/files', { 'many-F32.gguf': bytes });
    const notes = await pulled({ model: 'many/files', as: 'notes', files: ['*.txt'] });
    assert.deepEqual([notes.code, notes.field], ['invalid_field', 'files']);
    assert.match(notes.detail, /more than 1000 files/);
    hub.push('many/more', { ...list(10_000), 'many-F32.gguf': bytes });
    const more = await pulled({ model: 'many/more' });
    assert.equal(more.code, 'hub_failed');
    assert.match(more.detail, /more than 10000 files/);
});

/** Pulls until `when` holds, kills the daemon, changes what `between` says, and starts it again. */
async function killed(repository, when, between = () => {}) {
    assert.equal((await daemon.post('/v1/models/pull', { model: repository })).status, 202);
    await until(when, { what: 'the moment to die', every: 1 });
    daemon.signal('SIGKILL');
    await daemon.waitEnd();
    between();
    hub.delay = hub.bytesPerSecond = 0;
    await daemon.start({ ready: false });
    return until(async () => {
        const { status, json } = await daemon.get(`/v1/models/${repository}`);
        return status === 200 && !json.pulling && json;
    }, { what: `${repository} to be here`, timeout: 30_000 });
}

test('a daemon that is killed at any step of a pull goes on with it', async () => {
    const asked = (phase, name) => () => hub.requests.some((one) =>
        one.phase === phase && one.url.includes(name));
    for (const phase of ['revision', 'tree', 'resolve', 'content']) {
        const { files, repository, id } = pushCase(`killed at the ${phase}`);
        hub.delay = 100;
        await killed(repository, asked(phase, id));
        look(repository, files);
    }
    /* While it is published, or just before or after. */
    for (const delay of [0, 3, 10]) {
        const { files, repository, id } = pushCase(`killed at the end ${delay}`);
        const sent = () => hub.requests.some(({ phase, url, sent: count }) =>
            phase === 'content' && url.includes(id) && count === bytes.length);
        let since = 0;
        await killed(repository, () => sent() && performance.now() - (since ||= performance.now()) >= delay);
        look(repository, files);
    }
});

test('a branch that moves on while nobody pulls brings the bytes of its new commit', async () => {
    const moved = { 'a-F32.gguf': other('old1'), 'b-Q8_0.gguf': other('old2') };
    hub.push('fault/moved', moved);
    hub.fail({ phase: 'content', path: 'b-Q8_0', stallAfter: 500 });
    const staged = path.join(daemon.store, '.staging');
    const first = () => fs.readdirSync(staged, { recursive: true })
        .some((one) => one.endsWith('/a-F32.gguf'));
    const fresh = { 'a-F32.gguf': other('next'), 'b-Q8_0.gguf': other('last') };
    const body = { model: 'fault/moved', files: ['*.gguf'] };
    assert.equal((await daemon.post('/v1/models/pull', body)).status, 202);
    await until(first, { what: 'the first of two files' });
    daemon.signal('SIGKILL');
    await daemon.waitEnd();
    hub.push('fault/moved', fresh);
    await daemon.start({ ready: false });
    await until(async () => (await daemon.get('/v1/models/fault/moved')).json.hash, { what: 'the model' });
    look('fault/moved', fresh);
});

/** What starts a program that sees a disk of so many MiB at /mnt. */
const onDisk = (mib) => ['unshare', '--mount', ...(process.getuid() === 0 ? [] : ['--map-root-user']),
    'sh', '-c', `mount -t tmpfs -o size=${mib}m webinfer-test /mnt && exec "$@"`, 'sh'];
const noMounts = (() => {
    try {
        const [program, ...args] = onDisk(2);
        execFileSync(program, [...args, 'true'], { stdio: 'pipe' });
        return false;
    } catch {
        return 'no small file system can be mounted here';
    }
})();

test('a disk that is too small is told before anything is fetched',
    { skip: noMounts }, () => withDaemon({
        under: onDisk(2), ready: false, config: { pool: { min_connections: 0 },
            models: { hub: 'local', directory: '/mnt' }, 'hub.local': { url: hub.url } } },
    async (own) => {
        hub.push('small/disk', { 'disk-F32.gguf': Buffer.concat([bytes, Buffer.alloc(4 << 20)]) });
        const end = await pulled({ model: 'small/disk' }, own);
        assert.equal(end.code, 'storage_failed', end.detail);
        assert.match(end.detail, /\d+ bytes too few; remove something there/);
        assert.equal(hub.asked('content', 'disk').length, 0);
        hub.push('small/model', { 'small-F32.gguf': bytes });
        assert.equal((await pulled({ model: 'small/model' }, own)).code, 'done');
    }));

/** Writes until there is no room left. */
function fill(file) {
    const fd = fs.openSync(file, 'w');
    try {
        for (;;) fs.writeSync(fd, Buffer.alloc(65536));
    } catch (error) {
        if (error.code !== 'ENOSPC') throw error;
    } finally {
        fs.closeSync(fd);
    }
}

test('a disk that others fill meanwhile ends a pull, and with room again it succeeds',
    { skip: noMounts }, () => withDaemon({
        under: onDisk(16), ready: false, config: { pool: { min_connections: 0 },
            models: { hub: 'local', directory: '/mnt' }, 'hub.local': { url: hub.url } } },
    async (own) => {
        const files = Object.fromEntries(['one1', 'two2', 'thr3', 'fou4', 'fiv5', 'six6']
            .map((word) => [`${word}-F32.gguf`, other(word)]));
        hub.push('full/disk', files);
        const disk = `/proc/${own.pid}/root/mnt`;
        const body = { model: 'full/disk', files: ['*.gguf'] };
        const asked = () => hub.asked('content').filter((one) => one.url.includes('full%2Fdisk'));
        hub.bytesPerSecond = 100_000;
        const end = pulled(body, own);
        await until(() => asked().length >= 4, { what: 'four files under way' });
        fill(path.join(disk, 'filler'));
        hub.bytesPerSecond = 0;
        const { code, detail } = await end;
        assert.equal(code, 'no_room', detail);
        assert.match(detail, /the disk has no room for \w+-F32\.gguf/);
        look('full/disk', null, { store: disk });
        fs.rmSync(path.join(disk, 'filler'));
        assert.equal((await pulled(body, own)).code, 'done');
        look('full/disk', files, { store: disk });
    }));

/**
 * A plain hub with one file, whose server sends other bytes a second time. Whoever is cut and asks
 * for the rest gets all of it (200), other bytes where the right ones lie already. Whoever asks for
 * pieces over several connections gets the right ones, but of the third all that follows as well,
 * other bytes where the fourth lies already.
 */
async function startTwoFaced(file, right) {
    const wrong = Buffer.alloc(right.length, 'EVIL'), sums = `${sha256(right)}  ${file}\n`;
    const pieces = { asked: 0, sent: 0 };
    let cuts = 1;
    const ranged = async (answer, first, end) => {
        const size = end - first, number = pieces.asked++ && first / size;
        const body = (from, to, bytes = right) => answer.write(bytes.subarray(from, to));
        if (number !== 2) {
            answer.writeHead(206, { 'Content-Range': `bytes ${first}-${end - 1}/${right.length}` });
            body(first, first + 9999);
            await until(() => pieces.asked > 3, { what: 'the other connections' });
            body(first + 9999, end);
            pieces.sent++;
            return answer.end();
        }
        answer.writeHead(200, { 'Content-Length': right.length });
        body(0, end + MORE);
        await until(() => pieces.sent > 2, { what: 'the piece behind it to be sent' });
        await new Promise((resolve) => setTimeout(resolve, 500)); // and hashed: nothing tells of that
        body(end + MORE, end + size, wrong);
        return answer.end(right.subarray(end + size));
    };
    const server = http.createServer(async ({ url, method, headers }, answer) => {
        const range = headers.range?.match(/^bytes=(\d+)-(\d*)$/), half = right.length >> 1;
        answer.on('error', () => {});
        if (url.endsWith('SHA256SUMS')) return answer.end(sums);
        if (range?.[2] && range[2] !== '0') return ranged(answer, +range[1], +range[2] + 1);
        answer.writeHead(200, { 'Content-Length': right.length });
        if (method === 'HEAD') return answer.end();
        if (range) return answer.end(Buffer.concat(
            [right.subarray(0, half >> 1), wrong.subarray(half >> 1, half), right.subarray(half)]));
        if (cuts-- > 0) return answer.write(right.subarray(0, half), () => answer.socket?.end());
        return answer.end(right);
    });
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    return { server, url: `http://127.0.0.1:${server.address().port}` };
}

test('the bytes of a model are those that were verified, whatever a server sends twice', async () => {
    const file = 'evil-F32.gguf', right = Buffer.concat([bytes, content((34 << 20) - bytes.length)]);
    const { server, url } = await startTwoFaced(file, right);
    try {
        await daemon.reload({ 'hub.evil': { url, layout: 'plain' } });
        const end = await pulled({ model: 'a/evil', hub: 'evil' });
        assert.equal(end.code, 'done', end.detail);
        const { json } = await daemon.get('/v1/models/a/evil');
        assert.deepEqual(json.files.map((one) => one.hash), [sha256(right)]);
        look('a/evil', { [file]: right });
    } finally {
        server.closeAllConnections();
        server.close();
    }
});

/** The daemon gives a silent server half a minute, and asks again from where it fell silent. */
async function pullThatStalls() {
    const silent = await startHub(), files = { 'silent-F32.gguf': bytes };
    silent.push('silent/model', files);
    silent.fail({ phase: 'content', stallAfter: 1000 });
    try {
        await withDaemon({ ready: false, config: { pool: { min_connections: 0 },
            models: { hub: 'local' }, 'hub.local': { url: silent.url } } }, async (own) => {
            const end = await pulled({ model: 'silent/model' }, own);
            assert.equal(end.code, 'done', end.detail);
            look('silent/model', files, own);
        });
    } finally {
        await silent.close();
    }
    assert.deepEqual(silent.asked('content').map((one) => one.range),
        [undefined, 'bytes=1000-']);
}

test('a transfer that stalls is given up, and goes on from there', () => stalled);

test('a hub with a certificate that nobody vouches for is not asked', async () => {
    const { tls_certificate: cert, tls_key: key } = certificate(daemon.folder, 'IP:127.0.0.1');
    const secure = await startHub({ tls: { cert: fs.readFileSync(cert), key: fs.readFileSync(key) } });
    try {
        secure.push('org/model', { 'model-F32.gguf': bytes });
        await daemon.reload({ 'hub.secure': { url: secure.url } });
        const end = await pulled({ model: 'org/model', hub: 'secure' });
        assert.equal(end.code, 'hub_failed');
        assert.match(end.detail, /certificate/i);
        assert.equal(secure.requests.length, 0);
        look('org/model', null);
    } finally {
        await secure.close();
    }
});
