// tier: quick
/** A page's way through a peer: frames, the socket over them, which peers have a certificate, and which a link may name. */
import assert from 'node:assert/strict';
import { generateKeyPairSync, sign } from 'node:crypto';
import { isPeer, PeerSocket } from '../../page/src/link/peer_socket.js';
import { Services } from '../../page/src/link/services.js';
import { Certificates } from '../../page/src/peers/certificates.js';
import { BINARY, CLOSE, FrameReader, TEXT, closeFrame, closeOf, frameHead } from '../../page/src/shared/node_frames.js';
import { choose, hostOf, readPeers, sentenceOf } from '../../page/src/ui/endpoints.js';
import { describe, test } from '../lib/tier.mjs';

const GOOD = '12D3KooWFsUu3pM4ZprsXuZJKoW2vZTPopCAd1QJQVP2avQFAjLB', EVIL = '12D3KooWLcD4ZGqZ7JKK3vonX6yPAkVYp9NCngxGo3CYg1JRGbJ2';
const ADDRESS = `/dns4/peer.example/tcp/9090/wss/p2p/${GOOD}`, OWN = 'https://a.example';
const bytes = (text) => new TextEncoder().encode(text);
const frame = (kind, body) => Buffer.concat([frameHead(kind, body.length), body]);

describe('frames', () => {
    const all = Buffer.concat([frame(TEXT, bytes('abc')), frame(BINARY, bytes('')), frame(BINARY, bytes('defgh')), closeFrame(4001, 'gone')]);
    const whole = (pieces) => {
        const frames = [], reader = new FrameReader(100, (kind, piece, isLast) => {
            const [last] = frames.slice(-1), present = last && !last.isLast ? last : { kind, text: '', isLast: false };
            if (present !== last) frames.push(present);
            Object.assign(present, { text: present.text + Buffer.from(piece).toString('latin1'), isLast });
        });
        for (const piece of pieces) reader.push(piece);
        return frames.map(({ kind, text }) => [kind, text]);
    };
    const expected = [[TEXT, 'abc'], [BINARY, ''], [BINARY, 'defgh'], [CLOSE, '\x0f\xa1gone']];

    test('a length of four bytes, the largest first, then the kind', () =>
        assert.deepEqual([...frame(TEXT, bytes('abc'))], [0, 0, 0, 3, 1, 97, 98, 99]));

    test('however they are cut', () => {
        for (let size = 1; size <= all.length; size++)
            assert.deepEqual(whole(Array.from({ length: Math.ceil(all.length / size) }, (_, i) => all.subarray(i * size, (i + 1) * size))), expected);
    });

    test('an unknown kind, one that is too long, and a close frame of a kilobyte are refused', () => {
        for (const [head, said] of [[[0, 0, 0, 1, 9], 'a frame has the unknown kind 9'], [[0, 0, 0, 101, 2], 'a frame has 101 bytes; allowed: at most 100'],
            [[255, 255, 255, 255, 1], 'a frame has 4294967295 bytes; allowed: at most 100'], [[0, 0, 4, 0, 8], 'a frame has 1024 bytes; allowed: at most 125']])
            assert.throws(() => new FrameReader(100, () => assert.fail()).push(Uint8Array.from(head)), new RangeError(said));
    });

    test('a close frame has a code and a reason, or neither', () => {
        assert.deepEqual(closeOf(closeFrame(1008, 'x'.repeat(200)).subarray(5)), { code: 1008, reason: 'x'.repeat(123) });
        assert.deepEqual(closeOf(new Uint8Array(0)), { code: 1005, reason: '' });
    });
});

/** A stream of libp2p whose other end is the test. */
function makeStream() {
    const listeners = {}, stream = {
        sent: [], isReleased: false, isClosed: false, writeBufferLength: 7,
        send(data) {
            if (this.isClosed) throw new Error('the stream is closed');
            this.sent.push(Buffer.from(data));
            return true;
        },
        async close() { this.isClosed = true; },
        abort() {},
        addEventListener: (type, listener) => ((listeners[type] ??= []).push(listener)),
        happen: (type, event = {}) => listeners[type]?.forEach((listener) => listener(event)),
        receive: (data) => stream.happen('message', { data: { subarray: () => data } }),
    };
    return stream;
}

async function openSocket() {
    const stream = makeStream(), heard = [], show = async (ticket) => heard.push(ticket);
    const socket = new PeerSocket(async () => ({ stream, show, release: () => (stream.isReleased = true) }));
    socket.onopen = () => heard.push('open');
    socket.onmessage = ({ data }) => heard.push(typeof data === 'string' ? data : new Uint8Array(data));
    socket.onclose = ({ code, reason }) => heard.push([code, reason]);
    assert.deepEqual([socket.readyState, socket.bufferedAmount], [0, 0]);
    await Promise.resolve();
    await Promise.resolve();
    assert.deepEqual([socket.readyState, socket.bufferedAmount, heard.splice(0)], [1, 7, ['open']]);
    return { socket, stream, heard };
}

describe('the socket', () => {
    test('sends and receives text and bytes, a long message without a copy', async () => {
        const { socket, stream, heard } = await openSocket(), long = new Uint8Array(100_000).fill(3);
        socket.send('grüße');
        socket.send(long.buffer);
        assert.deepEqual(stream.sent[0], frame(TEXT, bytes('grüße')));
        assert.deepEqual(Buffer.concat(stream.sent.slice(1)), frame(BINARY, long));
        const two = Buffer.concat([frame(BINARY, Buffer.from([1, 2])), frame(TEXT, bytes('b'))]);
        stream.receive(two.subarray(0, 6));
        stream.receive(two.subarray(6));
        assert.deepEqual(heard, [Uint8Array.of(1, 2), 'b']);
    });

    test('is closed by the service with its code, and hears nothing more', async () => {
        const { socket, stream, heard } = await openSocket();
        stream.receive(Buffer.concat([closeFrame(1008, 'no'), frame(TEXT, bytes('late'))]));
        stream.happen('close');
        assert.deepEqual([socket.readyState, heard, stream.isReleased], [3, [[1008, 'no']], true]);
    });

    test('a close of our own goes after what was sent, and ends by itself', async () => {
        const { socket, stream, heard } = await openSocket();
        socket.send('bye');
        socket.close(1000, 'left');
        stream.happen('end');
        assert.deepEqual(Buffer.concat(stream.sent), Buffer.concat([frame(TEXT, bytes('bye')), closeFrame(1000, 'left')]));
        await new Promise(setImmediate);
        assert.deepEqual([heard, stream.isReleased], [[[1000, 'left']], true]);
    });

    test('it shows the ticket that came over it, and none later', async () => {
        const { socket, heard } = await openSocket(), ticket = { peer: GOOD };
        socket.show(ticket);
        assert.deepEqual(heard.splice(0), [ticket]);
        socket.close();
        socket.show(ticket);
        assert.deepEqual(heard, [[1006, '']]);
    });

    test('a silent peer is not waited for', async () => {
        const { socket, stream, heard } = await openSocket();
        socket.close();
        assert.deepEqual([heard, stream.isReleased, stream.sent], [[[1006, '']], true, []]);
    });

    for (const [what, happens, said] of [
        ['the stream ends', (stream) => stream.happen('close'), 'the connection to the peer is lost'],
        ['the peer sends no frames', (stream) => stream.receive(Uint8Array.from([0, 0, 0, 0, 7])), 'a frame has the unknown kind 7'],
    ]) test(`it is lost when ${what}`, async () => {
        const { stream, heard } = await openSocket();
        happens(stream);
        assert.deepEqual([heard, stream.isReleased], [[[1006, said]], true]);
    });

    test('it is lost when nothing can be sent', async () => {
        const { socket, stream, heard } = await openSocket();
        await stream.close();
        socket.send('x');
        assert.deepEqual(heard, [[1006, 'the stream is closed']]);
    });

    test('it is lost when it cannot be opened', async () => {
        const heard = [], socket = new PeerSocket(() => Promise.reject(new Error('no certificate')));
        socket.onclose = ({ code, reason }) => heard.push([code, reason]);
        await new Promise(setImmediate);
        assert.deepEqual(heard, [[1006, 'no certificate']]);
    });

    test('one that was given up meanwhile is released when it opens', async () => {
        const stream = makeStream(), socket = new PeerSocket(async () => ({ stream, release: () => (stream.isReleased = true) }));
        socket.close();
        await new Promise(setImmediate);
        assert.equal(stream.isReleased, true);
    });
});

describe('certificates', () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519'), other = generateKeyPairSync('ed25519');
    const key = publicKey.export({ format: 'jwk' }).x, NOW = Date.UTC(2001, 0); // the page's clock need not be right
    const certify = ({ address = ADDRESS, peer = GOOD, until = NOW + 3_600_000, purpose = 'webinfer-peer', by = privateKey } = {}) =>
        ({ address, peer, until, signature: sign(null, Buffer.from(`${purpose}\0${peer}\0${until}`), by).toString('base64url') });
    const answer = (...peers) => ({ key, now: NOW, peers });
    const check = (said, address = ADDRESS) => new Certificates(async () => said, () => 0).check(address);
    const REFUSED = { message: 'the service of this page has no certificate for that peer, so nothing is sent to it' };

    test('a peer that the service has certified is good', () => check(answer(certify())));

    for (const [what, said, address] of [
        ['no answer', null], ['an answer that is something else', { key, peers: [] }],
        ['none for it', answer()],
        ['one of another address', answer(certify()), `/dns4/evil.example/tcp/1/ws/p2p/${GOOD}`],
        ['one of another peer', answer(certify({ peer: EVIL }))],
        ['the attacker’s with a valid id of its own', answer(certify({ address: `/ip4/10.9.9.9/tcp/1/ws/p2p/${EVIL}`, peer: EVIL, by: other.privateKey })), `/ip4/10.9.9.9/tcp/1/ws/p2p/${EVIL}`],
        ['one that somebody else has signed', answer(certify({ by: other.privateKey }))],
        ['a ticket', answer(certify({ purpose: 'webinfer-member' }))],
        ['one that was changed', answer({ ...certify(), until: NOW + 7_200_000 })],
        ['one that has expired', answer(certify({ until: NOW }))],
        ['a signature that is none', answer({ ...certify(), signature: 'x' })],
        ['a key that is none', { ...answer(certify()), key: '????' }],
    ]) test(`${what} is not`, () => assert.rejects(check(said, address), REFUSED));

    test('an earlier answer counts while it is good and the origin is silent', async () => {
        let said = answer(certify()), now = 1000;
        const certificates = new Certificates(() => (said ? Promise.resolve(said) : Promise.reject(new Error('gone'))), () => now);
        await certificates.check(ADDRESS);
        said = null;
        now += 3_599_999;
        await certificates.check(ADDRESS);
        now += 1;
        await assert.rejects(certificates.check(ADDRESS), REFUSED);
        said = answer();
        await assert.rejects(certificates.check(ADDRESS), REFUSED);
    });
});

describe('links', () => {
    test('name peers that the service lists, mixed with origins, in their order', () => {
        const { origins, foreign } = choose(`${ADDRESS},${OWN}`, OWN, readPeers({ peers: [{ address: ADDRESS }] }));
        assert.deepEqual([origins, foreign], [[ADDRESS, OWN], []]);
        assert.deepEqual(origins.map(hostOf), ['peer.example', 'a.example']);
    });

    test('others are named and left out; of /tcp/ without /ws it is said why', () => {
        const foreign = `/ip4/10.9.9.9/tcp/1/ws/p2p/${EVIL}`, bare = `/ip4/10.0.0.1/tcp/1/p2p/${GOOD}`;
        const said = sentenceOf(choose(`${foreign},${ADDRESS}`, OWN, [ADDRESS]));
        assert.match(said, /^This link names \/ip4\/10\.9\.9\.9.*, which the operator of this service does not list\. Nothing was sent there\. This page connects to \/dns4/);
        assert.match(sentenceOf(choose(bare, OWN, [ADDRESS])), / A browser cannot use \/tcp\/ without \/ws\. This page connects to https:\/\/a\.example only\.$/);
    });

    test('a list that is none lists nothing', () => {
        for (const said of [null, {}, { peers: 'x' }, 5]) assert.deepEqual(readPeers(said), []);
    });

    test('a peer has as long for its welcome as a service that is the only one', () => {
        const services = new Services([ADDRESS, OWN], false, () => 0);
        assert.deepEqual([isPeer(services.origin), services.patience(10_000)], [true, 10_000]);
        services.lost();
        assert.deepEqual([services.origin, services.patience(10_000)], [OWN, 3000]);
    });
});
