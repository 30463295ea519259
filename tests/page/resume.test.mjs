// tier: quick
/** A file of a model that came in part: it is not whole, whatever its length, and only what is missing of it is fetched. */
import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { bringInto, bringKept } from '../../page/src/engine/bring.js';
import { Store } from '../../page/src/engine/store.js';
import { counted } from '../../page/src/shared/kept_files.js';
import { until } from '../lib/wait.mjs';
import { LEAF, leafList, leafyFile, sha256 } from './support/leaf_lists.mjs';
import { PrivateFiles } from './support/private_files.mjs';

const CONTENT = leafyFile(9 * LEAF + 5), HASH = sha256(CONTENT), LIST = leafList(CONTENT), LEAVES = 10;
const FILE = { url: '/models/m/0/weights', bytes: CONTENT.length, hash: HASH };
const CREDENTIAL = { origin: 'http://service.example', token: 'credential' };

/** What the service is, and what it was asked: for a file its range, for a list "list". */
let disk, asked, content, list, breaksAt, pace;

beforeEach(() => {
    disk = new PrivateFiles().install();
    asked = [];
    content = CONTENT;
    list = () => new Response(LIST);
    breaksAt = Infinity;
    pace = 0;
    globalThis.fetch = async (address, { headers }) => {
        assert.equal(headers.Authorization, 'Bearer credential');
        if (address.search.startsWith('?blocks')) {
            asked.push(address.search === '?blocks' ? 'list' : `list for ${address.search.slice('?blocks='.length)}`);
            return list();
        }
        const range = headers.Range;
        asked.push(range ?? 'all');
        const [, from = '0', to = ''] = /^bytes=(\d+)-(\d*)$/.exec(range ?? '') ?? [], end = to === '' ? content.length : Number(to) + 1;
        if (range) assert.equal(headers['If-Range'], `"${HASH}"`);
        return new Response(pieces(content.subarray(Number(from), end), Number(from)), { status: range ? 206 : 200 });
    };
});

/** In pieces that end where no leaf does, with so many ms between them; the connection breaks at a byte of the file. */
function pieces(bytes, from) {
    let at = 0;
    return new ReadableStream({
        async pull(out) {
            if (pace) await new Promise((resolve) => setTimeout(resolve, pace));
            if (from + at >= breaksAt) return out.error(new Error('broken'));
            if (at >= bytes.length) return out.close();
            const end = Math.min(bytes.length, at + 700_001, breaksAt - from);
            out.enqueue(new Uint8Array(bytes.subarray(at, end)));
            at = end;
        },
    });
}

const source = (most = 1 << 30) => ({ credential: CREDENTIAL, store: new Store(most), signal: new AbortController().signal, told: () => {} });
const range = (first, last) => `bytes=${first * LEAF}-${Math.min(FILE.bytes, (last + 1) * LEAF) - 1}`;
const noteOf = (hash = HASH) => String(disk.files.get(`${hash}.note`) ?? '').split(' ');

/** An earlier page writes these leaves, and its browser is killed. */
async function write(...leaves) {
    const writing = await new Store(1 << 30).begin(FILE), bits = Buffer.alloc(2);
    for (const leaf of leaves) {
        bits[leaf >> 3] |= 1 << (leaf & 7);
        writing.write(leaf * LEAF, new Uint8Array(CONTENT.subarray(leaf * LEAF, (leaf + 1) * LEAF)));
    }
    // It notes at most so often, with the next leaf.
    await until(() => {
        writing.write(leaves.at(-1) * LEAF, new Uint8Array(CONTENT.subarray(leaves.at(-1) * LEAF, (leaves.at(-1) + 1) * LEAF)));
        return noteOf()[2] === bits.toString('hex');
    }, { what: 'the note' });
    disk.kill();
}

/** Brings the file as both engines do. */
const WAYS = {
    'into memory': async (given = source()) => {
        const into = new Uint8Array(FILE.bytes);
        await bringInto(FILE, into, given);
        return into;
    },
    'to be read from there': async (given = source()) => new Uint8Array(await (await bringKept(FILE, given)).arrayBuffer()),
};

for (const [way, bring] of Object.entries(WAYS)) describe(way, () => {
    const rightly = async () => assert.equal(sha256(await bring()), HASH);

    test('the last leaf first, and a kill: the file is not whole, and only the missing bytes are fetched', async () => {
        await write(9);
        assert.equal(disk.files.get(HASH).length, FILE.bytes, 'it looks whole');
        assert.deepEqual(await counted(), { count: 0, bytes: 0 });
        assert.equal(await new Store(1 << 30).find(FILE, { take: () => assert.fail('nothing was read') }), null);
        await rightly();
        assert.deepEqual(asked.splice(0), ['list', range(0, 8)]);
        assert.deepEqual(await counted(), { count: 1, bytes: FILE.bytes });
        await rightly();
        assert.deepEqual(asked, []);
    });

    test('the gaps are fetched, each at once', async () => {
        await write(3, 7, 4);
        await rightly();
        assert.deepEqual(asked, ['list', range(0, 2), range(5, 6), range(8, 9)]);
    });

    test('what broke off goes on where it was, in the next page too', async () => {
        breaksAt = 5 * LEAF + 10;
        await assert.rejects(bring(), /weights does not have the announced 9437189 bytes: 5242890 arrived/);
        assert.deepEqual(noteOf()[2], '1f00');
        breaksAt = Infinity;
        asked.length = 0;
        disk.kill();
        await rightly();
        assert.deepEqual(asked, ['list', range(5, 9)]);
    });

    test('a gap that breaks off goes on where it was', async () => {
        await write(9);
        breaksAt = 2 * LEAF + 7;
        await assert.rejects(bring(), /weights broke off at byte 2097159 of 9437189/);
        assert.deepEqual(asked, ['list', range(0, 8), `bytes=${breaksAt}-${9 * LEAF - 1}`]);
        breaksAt = Infinity;
        asked.length = 0;
        await rightly();
        assert.deepEqual(asked, ['list', range(2, 8)]);
    });

    test('a leaf that was damaged is fetched again, and nothing else', async () => {
        await write(...Array(LEAVES).keys());
        disk.files.get(HASH)[6 * LEAF + 3] ^= 1;
        await rightly();
        assert.deepEqual(asked, ['list', range(6, 6)]);
    });

    test('of a file that was cut, too', async () => {
        await write(...Array(LEAVES).keys());
        disk.files.set(HASH, disk.files.get(HASH).subarray(0, 8 * LEAF - 1));
        await rightly();
        assert.deepEqual(asked, ['list', range(7, 7), range(8, 8), range(9, 9)]);
    });

    test('a service that has no list sends all of it', async () => {
        await write(9);
        list = () => new Response('no', { status: 404 });
        await rightly();
        assert.deepEqual(asked, ['list', 'all']);
    });

    test('something on the way that drops the query has no list', async () => {
        await write(9);
        list = () => new Response(CONTENT, { headers: { ETag: `"${HASH}"` } });
        await rightly();
        assert.deepEqual(asked, ['list', 'all']);
    });

    test('a list that is still being made is waited for', async () => {
        await write(9);
        let left = 1;
        list = () => (left-- > 0 ? new Response('soon', { status: 503 }) : new Response(LIST));
        await rightly();
        assert.deepEqual(asked, ['list', 'list', range(0, 8)]);
    });
});

describe('what is false', () => {
    const [bring] = Object.values(WAYS);
    const rightly = async () => assert.equal(sha256(await bring()), HASH);
    const other = leafyFile(FILE.bytes).fill(9, 0, 100), none = Buffer.alloc(LEAVES * 32);
    for (const [what, bytes, said] of [
        ['nothing', Buffer.alloc(0), 'it has 0 bytes; that of a file of 9437189 bytes has 376'],
        ['a cut one', LIST.subarray(0, 375), 'it has 375 bytes; that of a file of 9437189 bytes has 376'],
        ['the file', CONTENT, 'it has more than 376 bytes'],
        ['another magic', leafList(CONTENT, { magic: 'wilieves' }), 'it does not begin as such a list does'],
        ['another version', leafList(CONTENT, { version: 2n }), 'it does not begin as such a list does'],
        ['another length', leafList(CONTENT, { bytes: 2 ** 40 }), 'it is of a file of 1099511627776 bytes'],
        ['another file’s', leafList(other), 'its digest is not that of its bytes and of the file'],
        ['a changed one', Buffer.from(LIST).fill(0, 100, 101), 'its digest is not that of its bytes and of the file'],
    ]) test(`a list that is ${what} is refused, and the next try needs none`, async () => {
        await write(9);
        list = () => new Response(bytes);
        await assert.rejects(bring(), { code: 'model_fetch_failed', message: `the list of the blocks of ${FILE.url} is refused: ${said}` });
        await rightly();
        assert.deepEqual(asked, ['list', 'all']);
    });

    test('a list with false leaves has all fetched, and nothing wrong is taken', async () => {
        await write(9, 2);
        list = () => new Response(leafList(CONTENT, { leaves: none }));
        await rightly();
        assert.deepEqual(asked, ['list', range(0, 1), range(2, 8), range(9, 9)]);
        assert.equal(noteOf()[2], 'whole');
    });

    test('where nothing is right in the end, nothing is kept', async () => {
        await write(9);
        content = other;
        await assert.rejects(bring(), /weights does not have the announced SHA-256/);
        assert.deepEqual([...disk.files.keys()], []);
    });

    for (const [what, note] of [['is empty', ''], ['is of another version', `7 ${FILE.bytes}`], ['is of another length', '7 5 ff03'],
        ['is no note', '\0\xff x'], ['has too many leaves', `7 ${FILE.bytes} ${'f'.repeat(1000)}`], ['has leaves that are none', `7 ${FILE.bytes} zz03`]])
        test(`a note that ${what} says that nothing is there`, async () => {
            await write(9);
            disk.files.set(`${HASH}.note`, Buffer.from(note));
            await rightly();
            assert.deepEqual(asked, ['all']);
        });

    test('a note that says whole of what is not, is not believed', async () => {
        await write(9);
        disk.files.set(`${HASH}.note`, Buffer.from(`7 ${FILE.bytes} whole`));
        await rightly();
        assert.deepEqual(asked, ['all']);
    });
});

/** Other pages: those that have some leaves, or want the file, and what was said of them. */
function others(...pages) {
    const told = { reported: [], joined: [], gained: [], offered: [], left: [], load: null };
    told.others = {
        id: 'me',
        offer: (file, list) => told.offered.push([file.hash, list]),
        join(load) {
            told.load = load;
            told.joined.push([load.file.hash, load.ticket, ALL.filter((leaf) => load.has(leaf))]);
            for (const { name, leaves, bytesOf = leafOf, ...more } of pages)
                load.add({ name, have: (say) => say(leaves.map((leaf) => [leaf, 1])), want: async (leaf) => bytesOf(leaf), close() {}, ...more });
            return {
                gained: (leaf) => {
                    assert.equal(load.has(leaf), true, 'others may have it at once');
                    told.gained.push(leaf);
                },
                accuse: (name) => told.reported.push(name), hold: () => told.left.push('held'), leave: (isKept) => told.left.push(isKept),
            };
        },
    };
    return told;
}
const leafOf = (leaf) => new Uint8Array(CONTENT.subarray(leaf * LEAF, (leaf + 1) * LEAF));
const ALL = [...Array(LEAVES).keys()];
const withTicket = () => new Response(LIST, { headers: { 'X-Webinfer-Ticket': '{"file":"x"}' } });

for (const [way, bring] of Object.entries(WAYS)) describe(`${way}, with other pages`, () => {
    beforeEach(() => { pace = 10; }); // else all is there before the list
    test('what they have comes from them, and the rest from the service', async () => {
        const told = others({ name: 'a', leaves: ALL.filter((leaf) => leaf !== 4) });
        list = withTicket;
        assert.equal(sha256(await bring({ ...source(), ...told })), HASH);
        const [before, whole, ...rest] = asked;
        assert.deepEqual([before, whole, told.reported, told.left], ['list for me', 'all', [], ['held', true]]);
        assert.ok(rest.every((one) => one === range(4, 4)), `${rest}`);
        assert.deepEqual(told.joined.map(([hash, ticket]) => [hash, ticket]), [[HASH, '{"file":"x"}']]);
        assert.deepEqual([[...told.joined[0][2], ...told.gained].sort(), told.offered], [ALL, []]);
        assert.equal(noteOf()[2], 'whole');
    });

    test('a liar is reported, and nothing of it is kept', async () => {
        const told = others({ name: 'liar', leaves: ALL, bytesOf: (leaf) => leafOf(leaf).fill(0) }, { name: 'good', leaves: ALL });
        list = withTicket;
        assert.equal(sha256(await bring({ ...source(), ...told })), HASH);
        assert.deepEqual([asked, told.reported], [['list for me', 'all'], ['liar']]);
    });

    test('where nobody is, and without a ticket, the service sends all at once', async () => {
        for (const [answer, wanted] of [[withTicket, []], [() => new Response(LIST), [HASH]], [() => new Response('no', { status: 404 }), [HASH]]]) {
            disk = new PrivateFiles().install();
            list = answer;
            asked.length = 0;
            const told = others();
            assert.equal(sha256(await bring({ ...source(), ...told })), HASH);
            assert.deepEqual(asked, ['list for me', 'all']);
            assert.deepEqual(told.offered.map(([hash]) => hash), wanted, 'it has not been told to others yet');
        }
    });

    test('a list that takes long holds up nothing', async () => {
        list = () => new Response('soon', { status: 503 });
        const told = others({ name: 'a', leaves: ALL });
        assert.equal(sha256(await bring({ ...source(), ...told })), HASH);
        const { length } = asked;
        assert.deepEqual([asked.slice(0, 2), told.joined, told.offered.length], [['list for me', 'all'], [], 1]);
        await new Promise((resolve) => setTimeout(resolve, 500));
        assert.equal(asked.length, length, 'nor is it asked for any more');
    });

    test('what is kept whole is offered, and its list asked for when somebody is there', async () => {
        assert.equal(sha256(await bring()), HASH);
        asked.length = 0;
        const told = others({ name: 'a', leaves: ALL });
        assert.equal(sha256(await bring({ ...source(), ...told })), HASH);
        assert.deepEqual([asked, told.joined], [[], []]);
        const [[hash, listOf]] = told.offered;
        assert.deepEqual([hash, (await listOf()).count, asked], [HASH, LEAVES, ['list']]);
        list = () => new Response('no', { status: 404 });
        assert.equal(await listOf(), null);
    });

    test('from a page that comes later, only what is missing then', async () => {
        const told = others(), bringing = bring({ ...source(), ...told });
        list = withTicket;
        await until(() => told.gained.length >= 3, { what: 'some leaves' });
        told.load.add({ name: 'a', have: (say) => say([[0, LEAVES]]), want: async (leaf) => (told.gained.includes(leaf) ? assert.fail(`leaf ${leaf}`) : leafOf(leaf)), close() {} });
        assert.equal(sha256(await bringing), HASH);
        assert.deepEqual([asked, told.reported], [['list for me', 'all'], []]);
        assert.deepEqual([...told.joined[0][2], ...told.gained].sort(), ALL);
    });

    test('a page that wants it, too, and has nothing yet is no reason to fetch the same', async () => {
        const told = others(), bringing = bring({ ...source(), ...told });
        list = withTicket;
        await until(() => told.load, { what: 'the load' });
        told.load.met('a');
        setTimeout(() => told.load.parted('a'), 100);
        assert.equal(sha256(await bringing), HASH);
        const [first, second, ...ranges] = asked;
        assert.deepEqual([first, second, new Set(ranges).size], ['list for me', 'all', ranges.length]);
        assert.ok(ranges.every((one) => ALL.some((leaf) => one === range(leaf, leaf))), `${ranges}`);
    });

    test('how far it is does not go back', async () => {
        const told = others({ name: 'a', leaves: ALL }), reached = [];
        list = withTicket;
        await bring({ ...source(), ...told, told: (at) => reached.push(at) });
        assert.deepEqual(reached, [...reached].sort((a, b) => a - b));
        assert.equal(reached.at(-1), FILE.bytes);
    });

    test('others are given what is right, and nothing that an earlier page has left and is damaged', async () => {
        await write(1, 2, 9);
        disk.files.get(HASH)[2 * LEAF + 3] ^= 1;
        const told = others({ name: 'a', leaves: ALL });
        list = withTicket;
        assert.equal(sha256(await bring({ ...source(), ...told })), HASH);
        assert.deepEqual([told.joined[0][2], told.gained.includes(2)], [[1, 9], true]);
    });

    test('a leaf is hashed once, and the whole file once', async (t) => {
        const { digest } = crypto.subtle, hashed = [];
        t.mock.method(crypto.subtle, 'digest', (how, bytes) => {
            hashed.push(bytes.length);
            return digest.call(crypto.subtle, how, bytes);
        });
        await write(9, 3);
        const told = others({ name: 'a', leaves: ALL });
        list = withTicket;
        await bring({ ...source(), ...told });
        assert.deepEqual(hashed.filter((bytes) => bytes === LEAF || bytes === 5).length, LEAVES);
    });

    test('a part that is there is not asked of anybody', async () => {
        await write(2, 9);
        const told = others({ name: 'a', leaves: ALL, bytesOf: (leaf) => (leaf === 2 || leaf === 9 ? assert.fail() : leafOf(leaf)) });
        list = withTicket;
        assert.equal(sha256(await bring({ ...source(), ...told })), HASH);
        assert.deepEqual([asked, told.reported], [['list for me'], []]);
    });

    test('a service that fails meanwhile fails it, and what is there stays', async () => {
        await write(9);
        const told = others({ name: 'a', leaves: [0, 1, 2] });
        list = withTicket;
        breaksAt = 0;
        await assert.rejects(bring({ ...source(), ...told }), { code: 'model_fetch_failed' });
        assert.deepEqual(told.left, ['held', false]);
        assert.match(noteOf()[2], /^[0-9a-f]{2}0[23]$/);
    });
});

test('what cannot be kept any more comes from the service alone', async () => {
    pace = 10;
    disk.most = 5 * LEAF;
    const told = others({ name: 'a', leaves: ALL }), into = new Uint8Array(FILE.bytes);
    list = withTicket;
    await bringInto(FILE, into, { ...source(), ...told });
    assert.equal(sha256(into), HASH);
    assert.deepEqual([[...disk.files.keys()], told.left], [[], ['held', false]]);
});

test('a service whose blocks are not those of its list is judged by the whole file', async () => {
    pace = 10;
    const told = others({ name: 'a', leaves: [0] }), into = new Uint8Array(FILE.bytes);
    list = () => new Response(leafList(CONTENT, { leaves: Buffer.alloc(LEAVES * 32) }), { headers: { 'X-Webinfer-Ticket': '{}' } });
    await bringInto(FILE, into, { ...source(), ...told });
    assert.deepEqual([sha256(into), told.left], [HASH, ['held', true]]);
});

test('a load with other pages that is cancelled is cancelled, as any other', async () => {
    pace = 10;
    const stop = new AbortController(), told = others({ name: 'a', leaves: ALL, want: () => new Promise(() => {}) });
    list = withTicket;
    const done = bringInto(FILE, new Uint8Array(FILE.bytes), { ...source(), ...told, signal: stop.signal });
    await until(() => told.load, { what: 'the load' });
    stop.abort();
    await assert.rejects(done, { code: 'cancelled' });
    assert.deepEqual(told.left, ['held', false]);
});

for (const [status, times] of [[401, 1], [429, 4], [502, 4]]) test(`a list that is answered ${status} costs no part: ${times} times`, async () => {
    await write(9);
    list = () => new Response('no', { status });
    breaksAt = 2 * LEAF + 7;
    await assert.rejects(bringInto(FILE, new Uint8Array(FILE.bytes), source()), { code: 'model_fetch_failed' });
    assert.deepEqual([asked.filter((one) => one === 'list').length, noteOf()[2]], [times, '0302']);
});

test('nor does one that the network does not bring', async () => {
    await write(9);
    list = () => { throw new TypeError('no network'); };
    await assert.rejects(bringInto(FILE, new Uint8Array(FILE.bytes), source()), { code: 'model_fetch_failed' });
    assert.equal(noteOf()[2], '0002');
});

for (const status of [400, 404]) test(`where there is no list (${status}), the file begins again`, async () => {
    await write(9);
    list = () => new Response('no', { status });
    breaksAt = 2 * LEAF + 7;
    await assert.rejects(bringInto(FILE, new Uint8Array(FILE.bytes), source()), { code: 'model_fetch_failed' });
    assert.equal(noteOf()[2], '0300');
});

test('where there is no more room, the model is computed all the same and nothing stays', async () => {
    await write(9);
    disk.most = disk.files.get(HASH).length + 200;
    const full = disk.most;
    disk.files.set('other', Buffer.alloc(full));
    const into = new Uint8Array(FILE.bytes);
    await bringInto(FILE, into, source());
    assert.equal(sha256(into), HASH);
    assert.deepEqual([...disk.files.keys()], ['other']);
});

test('a small file that broke off is not kept', async () => {
    content = CONTENT.subarray(0, 7 * LEAF);
    breaksAt = 2 * LEAF;
    const small = { ...FILE, bytes: content.length, hash: sha256(content) };
    globalThis.fetch = async () => new Response(pieces(content, 0));
    await assert.rejects(bringInto(small, new Uint8Array(small.bytes), source()), /does not have the announced/);
    assert.deepEqual([...disk.files.keys()], []);
});

test('a cancelled load leaves its part, and one that waits for a list ends at once', async () => {
    await write(9);
    list = () => new Response('soon', { status: 503 });
    const stop = new AbortController();
    const done = bringInto(FILE, new Uint8Array(FILE.bytes), { ...source(), signal: stop.signal });
    await until(() => asked.length === 1, { what: 'the list' });
    stop.abort();
    await assert.rejects(done, { code: 'cancelled' });
    assert.equal(noteOf()[2], '0002');
});

test('leaves are noted once all of their bytes are there, in whatever pieces and order', async () => {
    let seed = 7;
    const random = (most) => (seed = (seed * 1103515245 + 12345) % 2 ** 31) % most;
    for (let round = 0; round < 30; round++) {
        disk = new PrivateFiles().install();
        const writing = await new Store(1 << 30).begin(FILE), whole = new Set();
        for (const leaf of Array.from({ length: LEAVES }, (_, i) => i).sort(() => random(3) - 1).slice(0, random(LEAVES + 1))) {
            const end = Math.min(FILE.bytes, (leaf + 1) * LEAF), stops = random(4) === 0 ? end - 1 - random(5) : end;
            for (let at = leaf * LEAF; at < stops;) {
                const next = Math.min(stops, at + 1 + random(LEAF));
                writing.write(at, new Uint8Array(CONTENT.subarray(at, next)));
                at = next;
            }
            if (stops === end) whole.add(leaf);
        }
        for (let leaf = 0; leaf < LEAVES; leaf++) assert.equal(writing.has(leaf), whole.has(leaf), `round ${round}, leaf ${leaf}`);
        await writing.end('cut');
        disk.kill();
    }
});
