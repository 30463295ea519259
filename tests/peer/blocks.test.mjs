// tier: quick
/** Blocks of a file over a stream between two peers: frames, both ends, and who is given a file. */
import assert from 'node:assert/strict';
import { generateKeyPairSync, sign } from 'node:crypto';
import { BlockReader, dataHead, haveFrames, noneFrame, RUNS_MAX, ticketFrame, wantFrame } from '../../page/src/peers/block_frames.js';
import { BlockGiver, BlockSource, TICKETS_MAX, WANTS_MAX } from '../../page/src/peers/block_stream.js';
import { Lie, NotHere } from '../../page/src/shared/blocks.js';
import { Certificates } from '../../page/src/peers/certificates.js';
import { FILE_TICKET } from '../../page/src/peers/statement.js';
import { describe, test } from '../lib/tier.mjs';
import { until } from '../lib/wait.mjs';
import { TestStream } from './stream.mjs';

const LEAF = 1 << 20, COUNT = 9, LAST = 17, TICKET = '{"until":1}';
const PEER = '12D3KooWFsUu3pM4ZprsXuZJKoW2vZTPopCAd1QJQVP2avQFAjLB', OTHER = '12D3KooWLcD4ZGqZ7JKK3vonX6yPAkVYp9NCngxGo3CYg1JRGbJ2';
const blockOf = (index) => new Uint8Array(index === COUNT - 1 ? LAST : LEAF).fill(index + 1);
const head = (kind, length) => Uint8Array.of(...new Uint8Array(Uint32Array.of(length).buffer).reverse(), kind);
const joined = (...parts) => new Uint8Array(Buffer.concat(parts));
const turn = () => new Promise(setImmediate);

/** What the frames say, however they are cut. */
function read(end, bytes, size = bytes.length) {
    const said = [], reader = new BlockReader(end, (one) => said.push(one));
    for (let at = 0; at < bytes.length; at += size) reader.push(bytes.subarray(at, at + size));
    return said;
}

describe('frames', () => {
    test('are as webinfer-peer(8) says', () => {
        assert.deepEqual([...wantFrame(258)], [0, 0, 0, 4, 2, 0, 0, 1, 2]);
        assert.deepEqual([...ticketFrame('{}xyz')], [0, 0, 0, 5, 2, 123, 125, 120, 121, 122]);
        assert.deepEqual([...haveFrames([[0, 3], [7, 1]])[0]], [0, 0, 0, 16, 1, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 7, 0, 0, 0, 1]);
        assert.deepEqual([...dataHead(3, LEAF)], [0, 0x10, 0, 4, 3, 0, 0, 0, 3]);
        assert.deepEqual([...noneFrame(3)], [0, 0, 0, 4, 4, 0, 0, 0, 3]);
    });

    test('are read however they are cut', () => {
        const asking = joined(ticketFrame('{"file":"ü"}'), wantFrame(0), wantFrame(2 ** 32 - 1));
        const giving = joined(...haveFrames([[0, 3], [7, 1]]), noneFrame(5), dataHead(1, 3), Uint8Array.of(9, 8, 7), dataHead(2, 0));
        for (let size = 1; size <= giving.length; size++) {
            assert.deepEqual(read('asking', asking, size), [{ ticket: '{"file":"ü"}' }, { want: 0 }, { want: 2 ** 32 - 1 }]);
            assert.deepEqual(read('giving', giving, size), [{ runs: [[0, 3], [7, 1]] }, { none: 5 },
                { data: 1, bytes: Uint8Array.of(9, 8, 7) }, { data: 2, bytes: new Uint8Array(0) }]);
        }
    });

    test('many runs take several', () => {
        const runs = Array.from({ length: RUNS_MAX + 1 }, (_, i) => [2 * i, 1]), frames = haveFrames(runs);
        assert.deepEqual([frames.length, read('giving', joined(...frames)).flatMap((one) => one.runs)], [2, runs]);
        assert.deepEqual(haveFrames([]), []);
    });

    for (const [end, bytes, said] of [
        ['asking', head(2, 1025), 'a frame has 1025 bytes; allowed: at most 1024'], ['asking', joined(head(2, 3), Uint8Array.of(1, 2, 3)), 'a frame of kind 2 has 3 bytes'],
        ['asking', head(1, 8), 'a frame has the unknown kind 1'], ['asking', head(3, 8), 'a frame has the unknown kind 3'],
        ['giving', head(2, 4), 'a frame has the unknown kind 2'], ['giving', head(0, 0), 'a frame has the unknown kind 0'],
        ['giving', head(3, LEAF + 5), 'a frame has 1048581 bytes; allowed: at most 1048580'], ['giving', head(1, 8 * RUNS_MAX + 8), 'a frame has 32776 bytes; allowed: at most 32768'],
        ['giving', head(1, 2 ** 32 - 1), 'a frame has 4294967295 bytes; allowed: at most 32768'], ['giving', joined(head(1, 9), new Uint8Array(9)), 'a frame of kind 1 has 9 bytes'],
        ['giving', head(1, 0), 'a frame of kind 1 has 0 bytes'], ['giving', joined(head(3, 3), new Uint8Array(3)), 'a frame of kind 3 has 3 bytes'], ['giving', joined(head(4, 0)), 'a frame of kind 4 has 0 bytes'],
    ]) test(`of the end that is ${end}, ${said.replace(/;.*/, '')}: refused`, () => assert.throws(() => read(end, bytes), new RangeError(said)));
});

/** An end that asks, and what it has told. */
function ask() {
    const stream = new TestStream(), source = new BlockSource('peer', stream, TICKET), told = [];
    source.have((runs) => told.push(...runs), (why) => told.push(why));
    return { stream, source, told, sent: () => read('asking', joined(...stream.sent)) };
}
const data = (index, bytes = blockOf(index)) => joined(dataHead(index, bytes.length), bytes);

describe('the end that asks', () => {
    test('shows its ticket first, and gets what it wants', async () => {
        const { stream, source, told, sent } = ask();
        stream.receive(haveFrames([[0, 2], [5, 1]])[0]);
        const wanted = [source.want(5), source.want(8)];
        stream.receive(data(8));
        stream.receive(data(5).subarray(0, 100));
        stream.receive(data(5).subarray(100));
        assert.deepEqual((await Promise.all(wanted)).map((bytes) => [bytes[0], bytes.length]), [[6, LEAF], [9, LAST]]);
        assert.deepEqual([told, sent()], [[[0, 2], [5, 1]], [{ ticket: TICKET }, { want: 5 }, { want: 8 }]]);
        source.show('{"until":2}');
        assert.deepEqual(sent().at(-1), { ticket: '{"until":2}' });
    });

    test('is told that a block is not there', async () => {
        const { stream, source } = ask(), wanted = source.want(3);
        stream.receive(noneFrame(3));
        await assert.rejects(wanted, NotHere);
        assert.equal(stream.status, 'open');
    });

    test('reads nothing before anybody listens, and tells that it has ended', () => {
        const stream = new TestStream(), source = new BlockSource('peer', stream, TICKET), told = [];
        stream.receive(haveFrames([[1, 2]])[0]); // a stream of libp2p keeps it, up to its own limit
        stream.abort(new Error('x'));
        source.have((runs) => told.push(...runs), ({ message }) => told.push(message));
        assert.deepEqual(told, ['the peer has gone']);
    });

    for (const [what, bytes, said] of [
        ['a block that nobody asked for', data(8), 'it sent what is no block: no block was asked for'],
        ['one that is too long', joined(dataHead(3, LEAF + 1), new Uint8Array(LEAF + 1)), 'it sent what is no block: a frame has 1048581 bytes; allowed: at most 1048580'],
        ['an answer to nothing', noneFrame(3), 'it sent block 3, which was not asked for'],
        ['what is no frame', new TextEncoder().encode('HTTP/1.1 400 Bad Request\r\n\r\n'), /^it sent what is no block: a frame has the unknown kind 47$/],
    ]) test(`${what} ends it, as a lie`, () => {
        const { stream, told } = ask();
        stream.receive(bytes);
        assert.equal(stream.status, 'aborted');
        assert.ok(told[0] instanceof Lie);
        if (said instanceof RegExp) assert.match(told[0].message, said);
        else assert.equal(told[0].message, said);
        stream.receive(haveFrames([[0, 1]])[0]);
        assert.equal(told.length, 1, 'nothing is heard of it any more');
    });

    test('so does another block than those that are wanted, or one that is too long', async () => {
        for (const [bytes, said] of [[data(7), 'it sent block 7, which was not asked for'],
            [dataHead(3, LEAF + 1), 'it sent what is no block: a frame has 1048581 bytes; allowed: at most 1048580']]) {
            const { stream, source } = ask(), wanted = source.want(3);
            stream.receive(bytes);
            await assert.rejects(wanted, (error) => error instanceof Lie && error.message === said);
        }
    });

    test('memory that is not there for a block makes nobody a liar', async () => {
        const { stream, source, told } = ask(), wanted = source.want(3), { Uint8Array: whole } = globalThis;
        globalThis.Uint8Array = class extends whole {
            constructor(...of) {
                if (of[0] === LEAF + 4) throw new RangeError('Array buffer allocation failed');
                super(...of);
            }
        };
        try {
            stream.receive(dataHead(3, LEAF));
        } finally {
            globalThis.Uint8Array = whole;
        }
        await assert.rejects(wanted, { message: 'Array buffer allocation failed' });
        assert.deepEqual([stream.status, told[0] instanceof Lie], ['aborted', false]);
    });

    test('a peer that goes is no liar', async () => {
        const { stream, source, told } = ask(), wanted = source.want(3);
        stream.abort(new Error('reset'));
        await assert.rejects(wanted, { message: 'the peer has gone' });
        assert.equal(told[0] instanceof Lie, false);
        await assert.rejects(source.want(4), { message: 'the peer has gone' });
    });

    test('a stream that is closed takes no want', async () => {
        const { stream, source } = ask();
        await stream.close();
        await assert.rejects(source.want(3), { message: 'the stream is closed' });
    });

    test('what is wanted no more ends the stream', async () => {
        const { stream, source } = ask(), wanted = source.want(3);
        source.close();
        await assert.rejects(wanted);
        assert.equal(stream.status, 'aborted');
    });
});

/** An end that gives blocks 0 to 3 and 8. */
function give({ open, turn: own, ...more } = {}) {
    const given = { count: COUNT, isOver: () => false, read: async (index) => (index === 2 ? null : blockOf(index)), renew: async (text) => text === 'again',
        has: (told) => { given.told = told; told([[0, 4], [8, 1]]); }, close: () => { given.isClosed = true; }, ...more };
    const stream = new TestStream(), giver = new BlockGiver(stream, open ?? (async (text) => (text === 'a good one' ? given : null)), own);
    return { stream, giver, given, sent: () => read('giving', joined(...stream.sent)),
        hear: async (...frames) => { stream.receive(joined(...frames)); for (let i = 0; i < 20; i++) await turn(); } };
}

describe('the end that gives', () => {
    test('says what it has, and gives it', async () => {
        const { hear, sent, given } = give();
        await hear(ticketFrame('a good one'));
        assert.deepEqual(sent(), [{ runs: [[0, 4], [8, 1]] }]);
        await hear(wantFrame(8), wantFrame(2), wantFrame(1));
        assert.deepEqual(sent().slice(1), [{ data: 8, bytes: blockOf(8) }, { none: 2 }, { data: 1, bytes: blockOf(1) }]);
        given.told([[5, 1]]);
        assert.deepEqual(sent().at(-1), { runs: [[5, 1]] });
    });

    for (const [what, frames, said] of [
        ['no ticket', [wantFrame(1)], 'the peer has shown no ticket that is good'],
        ['a ticket for something else', [ticketFrame('other'), wantFrame(1)], 'that is no ticket for a file that is here'],
        ['a block that the file does not have', [ticketFrame('a good one'), wantFrame(COUNT)], 'block 9 of 9 is wanted'],
        ['a block of another world', [ticketFrame('a good one'), wantFrame(2 ** 32 - 1)], 'block 4294967295 of 9 is wanted'],
        ['what is no frame', [ticketFrame('a good one'), head(7, 1)], 'a frame has the unknown kind 7'],
        ['a ticket of 1 MiB', [head(2, LEAF)], 'a frame has 1048576 bytes; allowed: at most 1024'],
        ['a block that it has had', [ticketFrame('a good one'), wantFrame(2), wantFrame(2)], 'block 2 is wanted twice'],
        ['another ticket that is none', [ticketFrame('a good one'), ticketFrame('other')], 'that is no ticket for a file that is here'],
    ]) test(`${what} ends it, and nothing is given`, async () => {
        const { stream, hear, sent, given } = give();
        await hear(...frames);
        assert.deepEqual([stream.status, stream.error.message], ['aborted', said]);
        assert.deepEqual(sent().filter((one) => 'data' in one), []);
        given.told?.([[5, 1]]);
        await hear(wantFrame(1));
        assert.deepEqual(sent().filter((one) => 'data' in one), []);
    });

    test('a ticket that has expired is good for nothing more, and another one goes on', async () => {
        let isOver = false;
        const { stream, hear, sent } = give({ isOver: () => isOver, renew: async (text) => { isOver = false; return text === 'again'; } });
        await hear(ticketFrame('a good one'), wantFrame(1));
        isOver = true;
        await hear(ticketFrame('again'), wantFrame(3));
        assert.deepEqual(sent().filter((one) => 'data' in one).map((one) => one.data), [1, 3]);
        assert.equal(sent().filter((one) => 'runs' in one).length, 1, 'it is not told twice what is there');
        isOver = true;
        await hear(wantFrame(0));
        assert.equal(stream.error.message, 'the peer has shown no ticket that is good');
    });

    test('so many blocks are wanted at a time', async () => {
        const { stream, hear, given } = give({ read: () => new Promise(() => {}) });
        await hear(ticketFrame('a good one'));
        await hear(...Array.from({ length: WANTS_MAX }, (_, index) => wantFrame(index)));
        assert.equal(stream.status, 'open');
        await hear(wantFrame(8));
        assert.deepEqual([stream.error.message, given.isClosed], [`more than ${WANTS_MAX} blocks are wanted at a time`, true]);
    });

    test('tickets are shown so often', async () => {
        const { stream, hear } = give();
        for (let i = 0; i < TICKETS_MAX; i++) await hear(ticketFrame(i === 0 ? 'a good one' : 'again'));
        assert.equal(stream.status, 'open');
        await hear(ticketFrame('again'));
        assert.equal(stream.error.message, `more than ${TICKETS_MAX} tickets are shown`);
    });

    test('a block is read when the peer has its turn', async () => {
        const turns = [], { stream, hear, sent } = give({ turn: (work) => new Promise((resolve) => turns.push(() => resolve(work()))) });
        await hear(ticketFrame('a good one'), wantFrame(1), wantFrame(3));
        assert.deepEqual([turns.length, sent().filter((one) => 'data' in one)], [1, []]);
        turns[0]();
        await until(() => turns.length === 2, { what: 'the next one' });
        assert.deepEqual(sent().filter((one) => 'data' in one).map((one) => one.data), [1]);
        stream.abort(new Error('reset'));
        turns[1]();
        await turn();
        assert.equal(sent().filter((one) => 'data' in one).length, 1);
    });

    test('a stream that is closed meanwhile ends it', async () => {
        const { stream, giver, given, hear } = give();
        await hear(ticketFrame('a good one'));
        await stream.close();
        given.told([[5, 1]]);
        assert.deepEqual([(await giver.over).message, given.isClosed], ['the stream is closed', true]);
    });

    test('a peer that takes nothing is read no blocks for', async () => {
        let reads = 0;
        const { stream, hear, sent } = give({ read: async () => { reads++; return blockOf(8); } });
        stream.takes = false;
        await hear(ticketFrame('a good one'), wantFrame(1), wantFrame(3), wantFrame(0));
        assert.equal(reads, 1);
        stream.drain();
        await until(() => reads === 3, { what: 'the others' });
        await turn();
        assert.equal(sent().filter((one) => 'data' in one).length, 3);
    });

    test('it is over once what is read for it is there', async () => {
        let settle, isOver = false;
        const { stream, giver, hear, given } = give({ read: () => new Promise((resolve) => { settle = resolve; }) });
        giver.over.then(() => (isOver = true));
        await hear(ticketFrame('a good one'), wantFrame(1), wantFrame(3));
        stream.abort(new Error('reset'));
        await turn();
        assert.deepEqual([given.isClosed, isOver], [true, false]);
        settle(blockOf(1));
        await until(() => isOver, { what: 'the end' });
    });

    test('a peer that goes while its ticket is looked at is given nothing', async () => {
        let settle;
        const { stream, hear, given, sent } = give({ open: () => new Promise((resolve) => { settle = resolve; }) });
        await hear(ticketFrame('a good one'));
        stream.abort(new Error('reset'));
        settle(given);
        await turn();
        assert.deepEqual([given.isClosed, sent()], [true, []]);
    });
});

test('both ends understand each other', async () => {
    const { stream, hear } = give(), other = new TestStream();
    stream.send = (bytes) => { other.receive(bytes); return true; };
    other.send = (bytes) => { hear(bytes); return true; };
    const source = new BlockSource('peer', other, 'a good one'), told = [];
    source.have((runs) => told.push(...runs), () => {});
    await until(() => told.length > 0, { what: 'what it has' });
    const [three, last] = await Promise.all([source.want(3), source.want(8)]);
    assert.deepEqual([told, three, last], [[[0, 4], [8, 1]], blockOf(3), blockOf(8)]);
});

describe('a ticket for a file', () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519'), other = generateKeyPairSync('ed25519');
    const FILE = 'ab'.repeat(32), NOW = Date.UTC(2001, 0), key = publicKey.export({ format: 'jwk' }).x;
    const ticket = ({ file = FILE, peer = PEER, until = NOW + 3_600_000, text = `webinfer-file\0${file}\0${peer}\0${until}`, by = privateKey } = {}) =>
        ({ file, peer, until, signature: sign(null, Buffer.from(text), by).toString('base64url') });
    const isGood = async (shown) => {
        const certificates = new Certificates(async () => ({ key, now: NOW, peers: [] }), () => 0);
        await certificates.ask();
        return certificates.hasSigned(FILE_TICKET, { file: FILE, peer: PEER }, shown);
    };

    test('that a service has signed that has started again is good: its new key is asked for', async () => {
        let time = 0, asked = 0;
        const before = other.publicKey.export({ format: 'jwk' }).x;
        const certificates = new Certificates(async () => ({ key: asked++ === 0 ? before : key, now: NOW, peers: [] }), () => time);
        await certificates.ask();
        const isGoodNow = () => certificates.hasSigned(FILE_TICKET, { file: FILE, peer: PEER }, ticket());
        assert.deepEqual([await isGoodNow(), asked], [false, 1], 'it was asked just now');
        time = 1000;
        assert.deepEqual([await isGoodNow(), asked], [true, 2]);
    });

    test('that the service has signed is good', async () => assert.equal(await isGood(ticket()), true));

    for (const [what, shown] of [
        ['none', undefined], ['null', null], ['another’s', ticket({ peer: OTHER })], ['one for another file', ticket({ file: 'cd'.repeat(32) })],
        ['an expired one', ticket({ until: NOW })], ['a foreign one', ticket({ by: other.privateKey })],
        ['one that was prolonged', { ...ticket(), until: NOW + 7_200_000 }], ['one that was made out to it', { ...ticket({ peer: OTHER }), peer: PEER }],
        ['one of another file with this name', { ...ticket({ file: 'cd'.repeat(32) }), file: FILE }],
        ['that of a member', ticket({ text: `webinfer-member\0${PEER}\0${NOW + 3_600_000}` })],
        ['that of a member without a file', { ...ticket({ text: `webinfer-file\0${PEER}\0${NOW + 3_600_000}` }) }],
        ['one without a signature', { ...ticket(), signature: undefined }], ['one with an end that is none', { ...ticket(), until: '9' }],
    ]) test(`${what} is not`, async () => assert.equal(await isGood(shown), false));
});
