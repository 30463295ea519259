// tier: full
// quick: a fetch that was killed or cancelled goes on where it was
/**
 * Fetching from a hub that fails in every way: what arrives is right, or it is an error, and nothing
 * lies under its name that is not whole.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before } from 'node:test';
import { clear, guard } from '../lib/cleanup.mjs';
import { fetchFiles, orderOf } from '../lib/fetch-files.mjs';
import { content, startHub } from '../lib/hub.mjs';
import { test } from '../lib/tier.mjs';

const MiB = 1024 * 1024;
const FILES = {
    'model-Q8_0.gguf': content(20 * MiB, 'large'),
    'sub/folder/config.json': Buffer.from('{"architectures": ["X"]}'),
    'tokenizer.json': content(300_000, 'tokens'),
    'empty.txt': Buffer.alloc(0),
};
const LARGE = { 'model-Q8_0.gguf': FILES['model-Q8_0.gguf'] };
const LONG = '<html>sorry</html>'.repeat(10_000); // more than is read of an answer that is no file
const SMALL = { 'tokenizer.json': FILES['tokenizer.json'] };

let hub, home, commit;

before(async () => {
    hub = await startHub({ token: 'hf_secret' });
    home = guard(fs.mkdtempSync(path.join(os.tmpdir(), 'webinfer-fetch-')));
    commit = hub.push('org/model', FILES);
    hub.push('org/gated', FILES, { gated: true });
});

after(async () => {
    await hub.close();
    clear(home);
});

let folders = 0;
const newFolder = () => {
    const folder = path.join(home, String(folders++));
    fs.mkdirSync(folder);
    return folder;
};

/** What lies in a folder, and that of each file of `files` it is nothing but the right bytes. */
function look(folder, files) {
    const found = fs.readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((one) => one.isFile())
        .map((one) => path.relative(folder, path.join(one.parentPath ?? one.path, one.name))).sort();
    for (const [name, bytes] of Object.entries(files))
        if (found.includes(name))
            assert.ok(fs.readFileSync(path.join(folder, name)).equals(bytes), `${name} is wrong`);
    return found;
}

/** One fetch into a new folder (or options.folder) with these faults. */
async function fetched(files, faults = [], { folder = newFolder(), repository = 'org/model',
    into = folder, run = {}, ...options } = {}) {
    hub.heal();
    hub.requests.length = 0;
    faults.forEach((fault) => hub.fail(fault));
    const end = await fetchFiles(
        orderOf(hub, repository, commit, files, into, options), run).end;
    return { ...end, folder, found: look(folder, files) };
}

async function arrives(files, faults, options) {
    const end = await fetched(files, faults, options);
    assert.equal(end.code, 'ok', end.detail);
    assert.deepEqual(end.found, Object.keys(files).sort());
    return end;
}

async function fails(files, faults, code, detail, options) {
    const end = await fetched(files, faults, options);
    assert.equal(end.code, code, end.detail);
    assert.match(end.detail, detail);
    for (const name of Object.keys(files)) assert.ok(!end.found.includes(name), `${name} is there`);
    return end;
}

test('each file comes whole over one connection, and the token stays with the hub', async () => {
    await arrives(FILES, [], { token: 'hf_secret' });
    for (const one of hub.requests)
        assert.equal(one.authorization, one.server === 'hub' ? 'Bearer hf_secret' : undefined);
    assert.deepEqual(hub.asked('content').map((one) => one.range), [undefined]);
});

test('the layout plain: no redirects, and lengths that nobody knows before', async () => {
    const files = { 'model-Q8_0.gguf': FILES['model-Q8_0.gguf'], 'empty.gguf': Buffer.alloc(0) };
    hub.push('shelf/one', files);
    const order = { repository: 'shelf/one', url: hub.plainUrl, plain: true };
    await arrives(files, [], order);
    await arrives(files, [{ phase: 'plain', path: 'model', cutAfter: 3 * MiB, skip: 1 }], order);
    const folder = newFolder();
    const unknown = orderOf(hub, 'shelf/one', commit, files, folder, order);
    unknown.files.forEach((one) => delete one.bytes);
    hub.fail({ phase: 'plain', status: 503, body: LONG });
    const end = await fetchFiles(unknown).end;
    assert.equal(end.code, 'ok', end.detail);
    assert.deepEqual(end.lengths, Object.values(files).map((one) => one.length));
    assert.deepEqual(look(folder, files), []);
});

test('what fails for a while arrives all the same', async () => {
    const cases = {
        'no answer at the hub': { phase: 'resolve', drop: true, times: 3 },
        'no answer at the place': { phase: 'content', drop: true, times: 3 },
        'a cut before the first byte': { phase: 'content', cutAfter: 0, times: 2 },
        'a cut again and again': { phase: 'content', cutAfter: 3 * MiB + 1, times: 3 },
        'a stall before the first byte': { phase: 'content', stallAfter: 0 },
        'a stall in the middle': { phase: 'content', stallAfter: MiB },
        'errors of the server': { phase: 'content', status: 500, times: 4 },
        'too many requests': { phase: 'resolve', status: 429, headers: { 'Retry-After': '1' } },
        'a URL that has expired': { phase: 'content', status: 403, times: 3 },
        'no ranges': { phase: 'content', noRanges: true, times: Infinity },
        'no ranges but for the first': { phase: 'content', noRanges: true, skip: 1, times: Infinity },
        'no ranges, and a cut': { phase: 'content', noRanges: true, cutAfter: 9 * MiB },
        'a wrong byte once': { phase: 'content', wrongByte: MiB },
        'a redirect with a page of its own': { phase: 'resolve', status: 302,
            headers: { Location: '/plain/org/model/model-Q8_0.gguf' }, body: LONG, times: Infinity },
        'a redirect on the hub': { phase: 'resolve', redirect: (url) => `${url}?again` },
    };
    for (const [name, fault] of Object.entries(cases)) {
        const end = await fetched(LARGE, [fault], { stall_ms: 300 });
        assert.equal(end.code, 'ok', `${name}: ${end.detail}`);
        assert.deepEqual(end.found, Object.keys(LARGE), name);
    }
});

test('signed URLs that expire in the middle are asked for again', async () => {
    let expired = false;
    const { progress } = await arrives(LARGE, [{ phase: 'content', cutAfter: 9 * MiB }], { run: {
        onProgress: ({ done }) => {
            if (done > 0 && !expired) hub.expire();
            expired ||= done > 0;
        } }, pause_ms: 500 });
    assert.ok(expired);
    const told = progress.map((one) => one.retrying).filter(Boolean).join('; ');
    assert.match(told, /cannot be fetched from hub .* try 2 of 9 in \d s/, 'why it waits is said');
    assert.equal(hub.asked('resolve').length, 2);
});

test('what stays wrong is an error that says so', async () => {
    const content = { phase: 'content', times: Infinity };
    const resolve = { phase: 'resolve', times: Infinity };
    const cases = [
        [{ ...content, wrongByte: 5 }, 'download_corrupt', /with the hash [0-9a-f]{64} instead of/],
        [{ ...content, wrongLength: 7 }, 'download_corrupt', /another length/],
        [{ ...content, wrongLength: -7 }, 'download_corrupt', /another length/],
        [{ ...content, garbage: '<html>welcome</html>' }, 'download_corrupt', /another length/],
        [{ ...content, drop: true }, 'hub_failed', /cannot be fetched from hub/],
        [{ ...content, status: 403 }, 'hub_failed', /even for a fresh URL/],
        [{ ...content, status: 503 }, 'hub_busy', /answers 503/],
        [{ ...resolve, status: 401 }, 'hub_unauthorized', /token/],
        [{ ...resolve, status: 404, headers: { 'X-Error-Code': 'EntryNotFound' } },
            'hub_not_found', /no such file/],
        [{ ...resolve, redirect: (url) => url }, 'hub_failed', /one redirect too many/],
        [{ ...resolve, redirect: 'http://192.168.7.7/x?Signature=s3cret' }, 'hub_failed',
            /http:\/\/192\.168\.7\.7, which belongs to a private network/],
        [{ ...resolve, redirect: 'http://8.8.8.8/x?Signature=s3cret' }, 'hub_failed',
            /http:\/\/8\.8\.8\.8, which is not https/],
        [{ ...content, status: 404 }, 'hub_not_found', /redirects .* answers 404/],
        [{ ...content, status: 404, body: LONG }, 'hub_not_found', /answers 404/],
        [{ ...content, status: 410 }, 'hub_not_found', /answers 410/],
        [{ ...resolve, redirect: 'file:///etc/passwd' }, 'hub_failed', /without saying where|not https/],
        [{ ...resolve, redirect: 'https://user:secret@example.org/' }, 'hub_failed', /without saying where/],
        [{ ...resolve, status: 302 }, 'hub_failed', /without saying where/],
        [{ ...resolve, status: 418 }, 'hub_failed', /418/],
    ];
    for (const [fault, code, detail] of cases) {
        const end = await fails(LARGE, [fault], code, detail, { pause_ms: 1 });
        assert.doesNotMatch(end.detail, /s3cret/);
    }
    const gated = await fails(LARGE, [], 'hub_unauthorized', /gated/, { repository: 'org/gated' });
    assert.match(gated.detail, /accept its terms/);
    const busy = { phase: 'resolve', status: 429, headers: { 'Retry-After': '900' } };
    const end = await fails(SMALL, [busy], 'hub_busy', /429/);
    assert.equal(end.retry_after_s, 900);
});

test('a fetch that was killed or cancelled goes on where it was', async () => {
    hub.bytesPerSecond = 4 * MiB;
    const folder = newFolder();
    const killed = await fetched(LARGE, [], { folder,
        run: { onProgress: ({ done }, child) => done > 5 * MiB && child.kill('SIGKILL') } });
    assert.equal(killed.code, 'SIGKILL');
    assert.ok(!killed.found.includes('model-Q8_0.gguf'));
    const cancelled = await fetched(LARGE, [], { folder, cancel_at: 12 * MiB });
    assert.equal(cancelled.code, 'cancelled');
    assert.ok(!cancelled.found.includes('model-Q8_0.gguf'));
    const first = cancelled.progress[0];
    assert.ok(first.done > first.fetched, `nothing was there: ${JSON.stringify(first)}`);
    hub.bytesPerSecond = 0;
    await arrives(LARGE, [], { folder });
    const again = hub.asked('content').reduce((sum, one) => sum + one.sent, 0);
    assert.ok(again < 10 * MiB, `${again} bytes once more`);
    await arrives(LARGE, [{ drop: true, times: Infinity }], { folder });
    assert.equal(hub.requests.length, 0, 'a file that is there was fetched again');
});

test('what is there but spoiled is fetched anew', async () => {
    const folder = newFolder();
    hub.bytesPerSecond = 4 * MiB;
    assert.equal((await fetched(LARGE, [], { folder, cancel_at: 6 * MiB })).code, 'cancelled');
    hub.bytesPerSecond = 0;
    const part = path.join(folder, fs.readdirSync(folder)[0]);
    const file = fs.openSync(part, 'r+');
    fs.writeSync(file, 'spoiled', 1000);
    fs.closeSync(file);
    await arrives(LARGE, [], { folder });
    const sent = hub.asked('content').reduce((sum, one) => sum + one.sent, 0);
    assert.ok(sent > 20 * MiB, `only ${sent} bytes came, not all of it once more`);
});

const small = (() => {
    try {
        execFileSync('unshare', ['-Urm', 'sh', '-c', 'mount -t tmpfs -o size=1m tmpfs /mnt'],
            { stdio: 'ignore' });
        return true;
    } catch {
        return false;
    }
})();

test('a full disk', { skip: !small && 'no small file system can be mounted here' }, async () => {
    const run = { prefix: ['unshare', '-Urm', 'sh', '-c',
        'mount -t tmpfs -o size=4m tmpfs /mnt && exec "$0"'] };
    const end = await fetched(LARGE, [], { run, into: '/mnt' });
    assert.equal(end.code, 'no_room', end.detail);
});
