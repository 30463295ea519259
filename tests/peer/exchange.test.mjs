// tier: full
// quick: between pages > what one keeps whole comes to the other, and little from the service
// quick: between pages > one that is alone takes the file in one piece, as without others
// quick: a page that gives > is shown another’s: it ends the stream, and has said nothing
// quick: what bad peers get > wrong bytes: the load is right, and it is sent away and told of
/** Blocks of files between pages, over real connections of libp2p: who is asked, who is given what, and what bad peers get. */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { afterEach, beforeEach } from 'node:test';
import { BLOCKS_STREAM, BlockReader, dataHead, haveFrames, noneFrame, ticketFrame, wantFrame } from '../../page/src/peers/block_frames.js';
import { STREAMS_MAX } from '../../page/src/peers/exchange.js';
import { LEAF_BYTES as LEAF } from '../../page/src/shared/leaves.js';
import { describe, test } from '../lib/tier.mjs';
import { until } from '../lib/wait.mjs';
import { PrivateFiles } from '../page/support/private_files.mjs';
import { ALL, CONTENT, FILE, HASH, LEAVES, Page, Service, expired, leafOf, list, makeNode, ticketFor } from './pages.mjs';

const turn = () => new Promise(setImmediate);
let disk, service, opened;
beforeEach(() => {
    disk = new PrivateFiles().install();
    service = new Service();
    opened = [];
});
afterEach(() => Promise.all(opened.map((one) => (one.close ? one.close() : one.node.stop()))));

const open = (count = 1) => Promise.all(Array.from({ length: count }, async () => {
    const page = await Page.open();
    opened.push(page);
    return page;
}));

/** A peer that is a program of the test. @param {(say: (...frames: Uint8Array[]) => void, said: any, connection: any, stream: any) => any} answer is told each thing that the other end says */
async function openPeer(answer = () => {}) {
    const node = await makeNode(), peer = { node, id: String(node.peerId), said: [] };
    opened.push(peer);
    await node.handle(BLOCKS_STREAM, (stream, connection) => {
        const say = (...frames) => frames.forEach((frame) => stream.status === 'open' && stream.send(frame));
        const reader = new BlockReader('asking', (said) => {
            peer.said.push(said);
            answer(say, said, connection, stream);
        });
        stream.addEventListener('message', ({ data }) => reader.push(data.subarray()));
    });
    return peer;
}
const data = (index, bytes = leafOf(index)) => [dataHead(index, bytes.length), bytes];
/** Has all, and gives it by `give`. */
const giving = (give) => (say, said, connection, stream) => ('ticket' in said ? say(haveFrames([[0, LEAVES]])[0]) : give(say, said.want, stream));

/** A stream to a page, and what has come on it. */
async function ask(peer, page, ...frames) {
    const connection = await peer.node.dial(page.node.getMultiaddrs()), stream = await connection.newStream(BLOCKS_STREAM), said = [];
    const reader = new BlockReader('giving', (one) => said.push(one));
    stream.addEventListener('message', ({ data: bytes }) => reader.push(bytes.subarray()));
    const asked = { stream, said, say: (...more) => more.forEach((frame) => stream.send(frame)), blocks: () => said.filter((one) => 'data' in one),
        ended: () => until(() => stream.status !== 'open', { what: 'the end of the stream' }) };
    asked.say(...frames);
    return asked;
}

describe('between pages', () => {
    test('what one keeps whole comes to the other, and little from the service', async () => {
        const [here, there] = await open(2);
        await there.keep(disk);
        await here.meet(there);
        assert.equal(await here.load(), true);
        assert.ok(service.sent < FILE.bytes / 2, `${service.sent} bytes`);
        assert.deepEqual([here.accused, there.accused], [[], []]);
    });

    // Of ten blocks, pages often ask the service for the same before either has it.
    test('three that load at the same time share what comes from the service', async () => {
        const pages = await open(3);
        service.ms = 20;
        await pages[0].meet(pages[1], pages[2]);
        await pages[1].meet(pages[2]);
        assert.deepEqual(await Promise.all(pages.map((page) => page.load())), [true, true, true]);
        assert.ok(service.sent < 2.5 * FILE.bytes, `${service.sent} bytes for ${FILE.bytes}`);
        assert.deepEqual(pages.map(({ accused }) => accused), [[], [], []]);
    });

    test('one that comes in the middle of a load is asked for the rest', async () => {
        const [here, there] = await open(2);
        service.ms = 20;
        await there.keep(disk);
        const loading = here.load();
        await until(() => here.writing?.there.size >= 2, { what: 'two blocks' });
        await here.meet(there);
        assert.equal(await loading, true);
        assert.ok(service.sent < FILE.bytes * 0.8, `${service.sent} bytes`);
    });

    test('one that is alone takes the file in one piece, as without others', async () => {
        const [here] = await open();
        service.ms = 0;
        assert.equal(await here.load(), true);
        assert.deepEqual(service.asked, ['all']);
    });

    test('one that is no member is not asked, until it is one', async () => {
        const [here, there] = await open(2);
        service.ms = 20;
        here.strangers.add(there.id);
        await there.keep(disk);
        await here.meet(there);
        const loading = here.load();
        await until(() => here.writing?.there.size >= 2, { what: 'two blocks' });
        assert.equal(there.exchange._taking.size, 0);
        here.strangers.clear();
        assert.equal(await loading, true);
        assert.ok(service.sent < FILE.bytes * 0.8, `${service.sent} bytes`);
    });

    test('the end of the giver in the middle of a block leaves the rest to the service', async () => {
        const [here] = await open(), there = await openPeer(giving(async (say, want) => {
            if (want !== undefined && there.said.length < 6) return say(...data(want));
            say(dataHead(want, LEAF), leafOf(want).subarray(0, 1000));
            await there.node.stop();
        }));
        await here.meet(there);
        assert.equal(await here.load(), true);
        assert.ok(service.sent > 0 && service.sent < FILE.bytes, `${service.sent} bytes`);
        assert.deepEqual(here.accused, []);
    });

    test('a file that was damaged where it is kept is not given, and nobody lies', async () => {
        const [here, there] = await open(2);
        await there.keep(disk);
        disk.files.get(HASH)[4 * LEAF + 5] ^= 1;
        await here.meet(there);
        assert.equal(await here.load(), true);
        assert.deepEqual([here.accused, there.accused], [[], []]);
    });

    test('a file that is removed meanwhile is not there any more', async () => {
        const [here, there] = await open(2), peer = await openPeer();
        await there.keep(disk);
        disk.files.delete(HASH);
        const asked = await ask(peer, there, ticketFrame(ticketFor(peer.id)), wantFrame(3));
        await until(() => asked.said.length === 2, { what: 'its answers' });
        assert.deepEqual(asked.said, [{ runs: [[0, LEAVES]] }, { none: 3 }]);
        await here.meet(there);
        assert.equal(await here.load(), true);
    });

    test('a load that is cancelled, and an engine worker that has ended, end their streams', async () => {
        const [here, there] = await open(2), silent = await openPeer(giving(() => {})), stop = new AbortController();
        await here.meet(silent, there);
        const loading = here.load({ signal: stop.signal });
        await until(() => silent.said.some((one) => 'want' in one), { what: 'what is wanted' });
        const asked = await ask(there, here, ticketFrame(ticketFor(there.id)));
        stop.abort();
        await assert.rejects(loading, { code: 'cancelled' });
        await asked.ended();
        const again = here.load();
        await until(() => here.exchange._files.get(HASH)?.loading, { what: 'the load' });
        here.endWork();
        assert.equal(here.exchange._files.size, 0);
        assert.equal(await again, true, 'from the service');
        here.work();
    });

    test('a person who wants no other pages any more gives nothing more, and takes nothing more', async () => {
        const [here, there] = await open(2), peer = await openPeer();
        service.ms = 10;
        await there.keep(disk);
        const asked = await ask(peer, there, ticketFrame(ticketFor(peer.id)));
        await until(() => asked.said.length === 1, { what: 'what it has' });
        await here.meet(there);
        const loading = here.load();
        await until(() => here.writing?.there.size >= 1, { what: 'a block' });
        there.exchange.want(false);
        here.exchange.want(false);
        await asked.ended();
        assert.equal(await loading, true);
        await until(() => here.others.id === '', { what: 'the news' });
        const refused = await ask(peer, there);
        await refused.ended();
        assert.deepEqual(refused.said, []);
    });

    test('a person who wants other pages again, in the middle of a load, takes from those that are there', async () => {
        const [here, there] = await open(2);
        service.ms = 20;
        await there.keep(disk);
        await here.meet(there);
        there.exchange._files.get(HASH).read = () => new Promise(() => {}); // so that all is still to come
        const loading = here.load();
        await until(() => here.exchange._files.get(HASH)?.loading?._sources.size === 1, { what: 'a stream' });
        const { loading: load } = here.exchange._files.get(HASH);
        here.exchange.want(false);
        await until(() => load._sources.size === 0, { what: 'the end of the stream' });
        here.exchange.want(true);
        await until(() => load._sources.size === 1, { what: 'another stream' });
        here.exchange.want(false);
        assert.equal(await loading, true);
    });

    test('a load whose file another engine worker loads as well is told that its streams are over', async () => {
        const [here] = await open(), peer = await openPeer(giving(() => {})), overs = [];
        await here.meet(peer);
        const loadOf = (add) => ({ file: FILE, list, ticket: ticketFor(here.id), has: () => false, read: async () => null, add, met() {}, parted() {}, renew: async () => null });
        here.others.join(loadOf((source) => source.have(() => {}, ({ message }) => overs.push(message))));
        await until(() => here.exchange._files.get(HASH)?.loading?._sources.size === 1 && peer.said.length === 1, { what: 'the stream' });
        await turn();
        const again = here.others.join(loadOf(() => {}));
        await until(() => overs.length === 1, { what: 'its end' });
        again.leave(false);
    });

    test('a file that is loaded again, since it was not kept, is another one', async () => {
        const [here, there] = await open(2);
        await here.meet(there);
        assert.equal(await here.load(), true);
        await until(() => here.exchange._files.size === 0, { what: 'that it was not kept' });
        const [one, other] = [here.load(), there.load()];
        assert.deepEqual(await Promise.all([one, other]), [true, true]);
    });
});

describe('a page that gives', () => {
    const foreign = generateKeyPairSync('ed25519').privateKey;
    for (const [what, ticketOf] of [
        ['no ticket', () => null],
        ['what is no ticket', () => '{'], ['a list', () => '[]'], ['null', () => 'null'],
        ['a foreign ticket', (peer) => ticketFor(peer.id, { by: foreign })],
        ['an expired one', (peer) => ticketFor(peer.id, { until: expired() })],
        ['another’s', () => ticketFor('12D3KooWLcD4ZGqZ7JKK3vonX6yPAkVYp9NCngxGo3CYg1JRGbJ2')],
        ['one for another file', (peer) => ticketFor(peer.id, { file: 'ab'.repeat(32) })],
        ['a member’s', (peer) => JSON.stringify({ ...JSON.parse(ticketFor(peer.id)), file: undefined })],
    ]) test(`is shown ${what}: it ends the stream, and has said nothing`, async () => {
        const [page] = await open(), peer = await openPeer();
        await page.keep(disk);
        const ticket = ticketOf(peer), { said, ended } = await ask(peer, page, ...ticket === null ? [] : [ticketFrame(ticket)], wantFrame(0));
        await ended();
        assert.deepEqual(said, []);
        assert.equal(page.exchange._taking.size, 0);
    });

    test('ends what goes on without a ticket that is good, and goes on with another one', async () => {
        const [page] = await open(), peer = await openPeer(), soon = () => expired() + 50 + 400;
        await page.keep(disk);
        const end = soon(), asked = await ask(peer, page, ticketFrame(ticketFor(peer.id, { until: end })), wantFrame(0));
        await until(() => asked.blocks().length === 1, { what: 'a block' });
        asked.say(ticketFrame(ticketFor(peer.id)));
        await until(() => expired() + 50 > end, { what: 'the end of the first one' });
        asked.say(wantFrame(1));
        await until(() => asked.blocks().length === 2, { what: 'another block' });
        const other = await ask(peer, page, ticketFrame(ticketFor(peer.id, { until: soon() })), wantFrame(0));
        await until(() => other.blocks().length === 1, { what: 'a block' });
        await new Promise((resolve) => setTimeout(resolve, 450));
        other.say(wantFrame(1));
        await other.ended();
        assert.equal(other.blocks().length, 1);
    });

    test('has so many streams of a peer, over whatever connections, and others have theirs', async () => {
        const [page] = await open(), [peer, other] = await Promise.all([openPeer(), openPeer()]);
        await page.keep(disk);
        const all = await Promise.all(Array.from({ length: STREAMS_MAX }, () => ask(peer, page, ticketFrame(ticketFor(peer.id)))));
        await until(() => all.every(({ said }) => said.length === 1), { what: 'what it has' });
        const more = await ask(peer, page, ticketFrame(ticketFor(peer.id))).catch((error) => error);
        if (!(more instanceof Error)) await more.ended();
        const { said } = await ask(other, page, ticketFrame(ticketFor(other.id)));
        await until(() => said.length === 1, { what: 'what it has' });
        all[0].stream.abort(new Error('enough'));
        await until(() => page.exchange._taking.get(peer.id).givers.size < STREAMS_MAX, { what: 'room' });
        const again = await ask(peer, page, ticketFrame(ticketFor(peer.id)));
        await until(() => again.said.length === 1, { what: 'what it has' });
    });

    test('reads no more than two blocks for a peer that takes nothing, and others are served', async () => {
        const [page] = await open(), [peer, other] = await Promise.all([openPeer(), openPeer()]);
        await page.keep(disk);
        let reads = 0;
        const file = page.exchange._files.get(HASH), { read } = file;
        file.read = (index) => {
            reads++;
            return read.call(file, index);
        };
        const streams = await Promise.all(Array.from({ length: 4 }, () => ask(peer, page, ticketFrame(ticketFor(peer.id)))));
        for (const { stream } of streams) stream.pause();
        for (const { say } of streams) say(...[0, 1, 2, 3].map(wantFrame));
        // A window of 1 MiB is on its way on each; what is more waits.
        await until(() => page.exchange._taking.get(peer.id).lane._waiting.size > 0, { what: 'what waits' });
        const asked = await ask(other, page, ticketFrame(ticketFor(other.id)), ...ALL.slice(0, 7).map(wantFrame));
        await until(() => asked.blocks().length === 7, { what: 'the other one’s blocks' });
        assert.ok(reads - 7 <= 8, `${reads - 7} blocks were read`);
        for (const { stream } of streams) stream.resume();
        await until(() => streams.every(({ blocks }) => blocks().length === 4), { what: 'all', timeout: 20_000 });
    });

    test('reads no more than that for a peer that ends its streams and opens others', async () => {
        const [page] = await open(), peer = await openPeer(), reads = [];
        await page.keep(disk);
        page.exchange._files.get(HASH).read = () => new Promise((resolve) => reads.push(resolve));
        for (let i = 0; i < 3 * STREAMS_MAX; i++) {
            const { stream } = await ask(peer, page, ticketFrame(ticketFor(peer.id)), wantFrame(0)).catch(() => ({}));
            await until(() => reads.length === 2 || i < 2, { what: 'what is read' });
            await new Promise((resolve) => setTimeout(resolve, 5));
            stream?.abort(new Error('again'));
        }
        assert.equal(reads.length, 2);
        assert.ok(page.exchange._taking.get(peer.id).givers.size <= STREAMS_MAX);
        for (const resolve of reads) resolve(null);
        await until(() => page.exchange._taking.size === 0, { what: 'the end of all' });
    });

    test('ends a stream on which a block is wanted twice, that is not there, or that are too many at a time', async () => {
        const [page] = await open(), peer = await openPeer();
        await page.keep(disk);
        for (const wants of [[1, 1], [LEAVES], [2 ** 32 - 1], [...ALL, ...ALL]]) {
            const { said, ended, blocks } = await ask(peer, page, ticketFrame(ticketFor(peer.id)), ...wants.map(wantFrame));
            await ended();
            assert.ok(blocks().length <= new Set(wants).size && said.every((one) => !('none' in one)));
        }
    });

    test('ends a stream that says what is none', async () => {
        const [page] = await open(), peer = await openPeer();
        await page.keep(disk);
        for (const bytes of ['GET / HTTP/1.1\r\n\r\n', '\xff\xff\xff\xff\x02']) {
            const { ended } = await ask(peer, page, Buffer.from(bytes, 'latin1'));
            await ended();
        }
    });
});

describe('what bad peers get', () => {
    for (const [what, give, isALie = true] of [
        ['wrong bytes', (say, want) => say(...data(want, leafOf(want).fill(9)))],
        ['another block', (say, want) => say(...data(want, leafOf((want + 1) % (LEAVES - 1))))],
        ['a block that is too short', (say, want) => say(...data(want, leafOf(want).subarray(1)))],
        ['a block that is too long', (say, want) => say(dataHead(want, LEAF + 1), new Uint8Array(LEAF + 1))],
        ['a block that nobody asked for', (say, want) => say(...data((want + 5) % LEAVES))],
        ['no frames', (say) => say(new Uint8Array(100).fill(0xff))],
        ['blocks that it then has no more, and has again', (say, want) => say(noneFrame(want), ...haveFrames([[want, 1]]))],
        ['nothing but the end', (say, want, stream) => stream.abort(new Error('gone')), false],
    ]) test(`${what}: the load is right, ${isALie ? 'and it is sent away and told of' : 'and nobody is told of it'}`, async () => {
        const [here, good] = await open(2), bad = await openPeer(giving(give));
        await good.keep(disk);
        await here.meet(bad, good);
        assert.equal(await here.load(), true);
        assert.deepEqual(here.accused, isALie ? [[bad.id, HASH]] : []);
        if (isALie) await until(() => here.node.getConnections().every(({ remotePeer }) => String(remotePeer) !== bad.id), { what: 'the end of the connection' });
        const wants = bad.said.filter((one) => 'want' in one).length;
        assert.ok(wants >= 1 && wants <= 4, `${wants} blocks were wanted of it`);
        assert.ok(service.sent < FILE.bytes, `${service.sent} bytes`);
    });

    for (const [what, frames] of [
        ['10^9 blocks', haveFrames([[0, 1e9]])], ['a block far away', haveFrames([[1e9, 1]])], ['no block', haveFrames([[3, 0]])], ['one twice', haveFrames([[0, 2], [1, 1]])],
        ['an empty list', [Uint8Array.of(0, 0, 0, 0, 1)]], ['a mebibyte of them', [Uint8Array.of(0, 0x10, 0, 0, 1), new Uint8Array(LEAF)]],
    ]) test(`a peer that says that it has ${what} is sent away and told of`, async () => {
        const [here] = await open(), bad = await openPeer((say, said) => 'ticket' in said && say(...frames));
        await here.meet(bad);
        assert.equal(await here.load(), true);
        assert.deepEqual(here.accused, [[bad.id, HASH]]);
    });

    test('silence, and a byte in a second, cost two blocks for 5 seconds', async () => {
        const timers = [], [here, good] = await open(2);
        const mute = await openPeer(giving(() => {})), slow = await openPeer(giving((say, want) => {
            const bytes = data(want).map((part) => Buffer.from(part)), all = Buffer.concat(bytes);
            let at = 0;
            if (timers.length === 0) timers.push(setInterval(() => say(all.subarray(at, ++at)), 1000));
        }));
        disk.files.clear();
        await good.keep(disk);
        await here.meet(mute, slow, good);
        const began = performance.now();
        assert.equal(await here.load(), true);
        timers.forEach(clearInterval);
        assert.ok(performance.now() - began < 30_000);
        assert.deepEqual(here.accused, []);
        for (const { said } of [mute, slow]) assert.ok(said.filter((one) => 'want' in one).length <= 2);
        assert.ok(service.sent < FILE.bytes, `${service.sent} bytes`);
    });

    test('a peer that opens and ends streams again and again is asked so often, and no more', async () => {
        const [here] = await open(), bad = await openPeer((say, said, connection, stream) => stream.abort(new Error('no')));
        service.ms = 30;
        await here.meet(bad);
        const loading = here.load();
        for (let i = 0; i < 40 && !here.writing?.there.has(8); i++) {
            const { stream } = await ask(bad, here, ticketFrame(ticketFor(bad.id)));
            await turn();
            stream.abort(new Error('again'));
        }
        assert.equal(await loading, true);
        assert.ok(bad.said.length <= 16, `it was asked ${bad.said.length} times`);
    });
});

describe('what an engine worker tells', () => {
    const loadOf = (more) => ({ file: FILE, list, ticket: 'a ticket', has: (leaf) => leaf < 3, read: async (leaf) => leafOf(leaf), add() {}, met() {}, parted() {}, renew: async () => null, ...more });
    /** A page whose worker loads the file, and how the document sees the file. */
    async function share(more) {
        const [page] = await open(), joined = page.others.join(loadOf(more));
        const file = await until(() => page.exchange._files.get(HASH), { what: 'the file' });
        return { page, joined, file };
    }

    test('is what it has, once each', async () => {
        const { joined, file } = await share(), told = [];
        file.giveBy({ end() {} }, 'a page').has((runs) => told.push(...runs));
        for (const leaf of [5, 5, 2, 9]) joined.gained(leaf);
        await until(() => told.length === 3, { what: 'what it gains' });
        assert.deepEqual([told, file.runs, await file.read(5)], [[[0, 3], [5, 1], [9, 1]], [[0, 3], [5, 1], [9, 1]], leafOf(5)]);
        joined.leave(false);
    });

    test('a page to which it is given over two streams has parted with the last of them', async () => {
        const told = [], { joined, file } = await share({ met: (name) => told.push(`met ${name}`), parted: (name) => told.push(`parted ${name}`) });
        const streams = ['a page', 'a page', 'another'].map((peer) => file.giveBy({}, peer));
        for (const stream of streams) stream.close();
        await until(() => told.includes('parted another'), { what: 'the end of the last stream' });
        assert.deepEqual(told, ['met a page', 'met a page', 'met another', 'parted a page', 'parted another']);
        joined.leave(false);
    });

    test('what it cannot read any more is not there', async () => {
        const { joined, file } = await share({ read: async () => { throw new Error('the file is closed'); } });
        assert.equal(await file.read(1), null);
        joined.leave(false);
    });

    test('what is asked for while it closes its file is read from the disk, if it is kept', async () => {
        for (const isKept of [true, false]) {
            const { joined, file, page } = await share();
            joined.hold();
            const read = file.read(4);
            for (let i = 0; i < 5; i++) await turn();
            disk.files.set(HASH, Buffer.from(CONTENT));
            joined.leave(isKept);
            assert.deepEqual(await read, isKept ? leafOf(4) : null);
            assert.equal(page.exchange._files.has(HASH), isKept);
        }
    });

    test('that it is kept is told once more without an end for those who are given it', async () => {
        const [page] = await open(), peer = await openPeer();
        await page.keep(disk);
        const asked = await ask(peer, page, ticketFrame(ticketFor(peer.id)));
        await until(() => asked.said.length === 1, { what: 'what it has' });
        page.others.offer(FILE, async () => list);
        await turn();
        asked.say(wantFrame(1));
        await until(() => asked.blocks().length === 1, { what: 'a block' });
    });

    test('another ticket is shown on all of its streams', async (t) => {
        t.mock.timers.enable({ apis: ['setInterval'] });
        const peer = await openPeer(), [page] = await open();
        await page.meet(peer);
        const joined = page.others.join(loadOf({ renew: async () => 'another ticket' }));
        await until(() => peer.said.length === 1, { what: 'the ticket' });
        t.mock.timers.tick(1_800_000);
        await until(() => peer.said.length === 2, { what: 'another one' });
        assert.deepEqual(peer.said, [{ ticket: 'a ticket' }, { ticket: 'another ticket' }]);
        joined.leave(false);
    });

    test('files that it kept before there were others are offered once there are', async () => {
        const [page] = await open();
        page.exchange.want(false);
        await until(() => page.others.id === '', { what: 'that there are none' });
        let lists = 0;
        page.others.offer(FILE, async () => {
            lists++;
            return list;
        });
        page.others.offer({ ...FILE, hash: 'ab'.repeat(32) }, async () => { throw new Error('no answer'); });
        assert.deepEqual([lists, page.exchange._files.size], [0, 0]);
        page.exchange.want(true);
        await until(() => page.exchange._files.has(HASH), { what: 'the file' });
        assert.deepEqual([lists, page.exchange._files.size], [1, 1]);
    });
});
