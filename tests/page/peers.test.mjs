// tier: quick
/** A page's way through a peer: frames, the socket over them and its port, which peers have a certificate, and which a link may name. */
import assert from 'node:assert/strict';
import { generateKeyPairSync, sign } from 'node:crypto';
import { Membership, RENEW_MS } from '../../page/src/link/membership.js';
import { isPeer, PortSocket } from '../../page/src/link/port_socket.js';
import { Services } from '../../page/src/link/services.js';
import { Certificates } from '../../page/src/peers/certificates.js';
import { PeerSocket } from '../../page/src/peers/peer_socket.js';
import { joinPort } from '../../page/src/peers/ports.js';
import { BINARY, CLOSE, FrameReader, TEXT, closeFrame, closeOf, frameHead } from '../../page/src/shared/node_frames.js';
import { choose, hostOf, readPeers, sentenceOf } from '../../page/src/ui/endpoints.js';
import { describe, test } from '../lib/tier.mjs';
import { until } from '../lib/wait.mjs';

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

/** @returns {{promise: Promise<any>, resolve: (value: any) => void, reject: (error: Error) => void}} */
function defer() {
    const deferred = /** @type {any} */ ({});
    deferred.promise = new Promise((resolve, reject) => Object.assign(deferred, { resolve, reject }));
    return deferred;
}

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
    const stream = makeStream(), heard = [];
    const socket = new PeerSocket(async () => ({ stream, release: () => (stream.isReleased = true) }));
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

describe('the port between the link worker and the document', () => {
    /** Both ends of a connection whose stream is the test's. @param {any} t the test */
    function join(t) {
        const stream = makeStream(), heard = [], opened = defer();
        let over;
        const socket = new PortSocket((port) => {
            t.after(() => port.close());
            over = joinPort(new PeerSocket(() => opened.promise), port);
        });
        socket.onopen = () => heard.push('open');
        socket.onmessage = ({ data }) => heard.push(typeof data === 'string' ? data : new Uint8Array(data));
        socket.onclose = ({ code, reason }) => heard.push([code, reason]);
        const reach = () => opened.resolve({ stream, release: () => (stream.isReleased = true) });
        const open = async () => {
            reach();
            await until(() => socket.readyState === 1, { what: 'the connection' });
        };
        return { stream, socket, heard, open, reach, over: () => over, refuse: (error) => opened.reject(error), hears: (count) => until(() => heard.length >= count, { what: `${count} events` }) };
    }

    test('carries messages both ways, in their order', async (t) => {
        const { stream, socket, heard, open, hears } = join(t), frame1 = Uint8Array.of(1, 2, 3).buffer;
        assert.equal(socket.readyState, 0);
        await open();
        socket.send('a');
        socket.send(frame1);
        assert.equal(frame1.byteLength, 3, 'the outbox keeps it');
        await until(() => stream.sent.length === 2, { what: 'both messages' });
        assert.deepEqual(Buffer.concat(stream.sent), Buffer.concat([frame(TEXT, bytes('a')), frame(BINARY, Buffer.from([1, 2, 3]))]));
        stream.receive(Buffer.concat([frame(TEXT, bytes('b')), frame(BINARY, Buffer.from([4, 5]))]));
        await hears(3);
        assert.deepEqual(heard, ['open', 'b', Uint8Array.of(4, 5)]);
    });

    test('what the document has not taken, and what waits there, counts as not sent', async (t) => {
        const { stream, socket, open } = join(t);
        await open();
        stream.writeBufferLength = 1000;
        socket.send('x'.repeat(50));
        assert.equal(socket.bufferedAmount, 50);
        await until(() => socket.bufferedAmount === 1000, { what: 'what waits' });
        stream.writeBufferLength = 0;
        stream.happen('idle');
        await until(() => socket.bufferedAmount === 0, { what: 'the end of it' });
    });

    test('the service closes it with a code', async (t) => {
        const { stream, socket, heard, open, over, hears } = join(t);
        await open();
        stream.receive(closeFrame(1008, 'no'));
        await hears(2);
        assert.deepEqual([heard, socket.readyState, stream.isReleased], [['open', [1008, 'no']], 3, true]);
        await over();
    });

    test('a close of the page goes after what it has sent', async (t) => {
        const { stream, socket, heard, open, hears } = join(t);
        await open();
        socket.send('bye');
        socket.close(1000, 'left');
        await hears(2);
        assert.deepEqual(Buffer.concat(stream.sent), Buffer.concat([frame(TEXT, bytes('bye')), closeFrame(1000, 'left')]));
        assert.deepEqual(heard, ['open', [1000, 'left']]);
    });

    test('a peer that cannot be reached is told', async (t) => {
        const { heard, refuse, hears } = join(t);
        refuse(new Error('no certificate'));
        await hears(1);
        assert.deepEqual(heard, [[1006, 'no certificate']]);
    });

    test('one that was given up meanwhile is released when it opens', async (t) => {
        const { stream, socket, heard, reach, hears } = join(t);
        socket.close();
        await hears(1);
        reach();
        await until(() => stream.isReleased, { what: 'the release' });
        assert.deepEqual(heard, [[1006, '']]);
    });
});

describe('the ticket of the page', () => {
    function join() {
        const told = [], timers = [], membership = new Membership({ ask: (id) => told.push(`ask ${id}`), give: (ticket) => told.push(ticket),
            setTimer: (run, ms) => timers.push({ run, ms }) - 1, clearTimer: (timer) => delete timers[timer] });
        return { membership, told, timers: () => timers.filter(Boolean) };
    }

    test('is asked for once there is a connection and a peer, whichever comes first, and in good time again', () => {
        for (const peerFirst of [true, false]) {
            const { membership, told, timers } = join();
            if (peerFirst) membership.is(GOOD);
            membership.welcomed(undefined);
            if (!peerFirst) membership.is(GOOD);
            assert.deepEqual(told.splice(0), [`ask ${GOOD}`]);
            membership.heard({ ticket: { peer: GOOD } });
            assert.deepEqual([told.splice(0), timers().map(({ ms }) => ms)], [[{ peer: GOOD }], [RENEW_MS]]);
            timers()[0].run();
            assert.deepEqual(told, [`ask ${GOOD}`]);
        }
    });

    test('comes with the welcome through a peer; one of another peer is not the page’s', () => {
        const { membership, told } = join();
        membership.is(GOOD);
        membership.welcomed({ ticket: { peer: GOOD, until: 1 } });
        membership.heard({ ticket: { peer: EVIL } });
        assert.deepEqual(told, [{ peer: GOOD, until: 1 }]);
    });

    test('is not asked for without a peer, or while the connection is lost', () => {
        const { membership, told, timers } = join();
        membership.welcomed(undefined);
        membership.lost();
        membership.is(GOOD);
        assert.deepEqual([told, timers()], [[], []]);
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

    test('what is no certificate spoils none of the others', () =>
        check(answer({ address: ADDRESS }, { ...certify(), until: 'soon' }, { ...certify(), signature: 5 }, { address: '' }, certify())));

    for (const [what, said, address] of [
        ['no answer', null], ['an answer that is something else', { key, peers: [] }],
        ['none for it', answer()],
        ['one of another address', answer(certify()), `/dns4/evil.example/tcp/1/ws/p2p/${GOOD}`],
        ['one of another peer', answer(certify({ peer: EVIL }))],
        ['another’s, at an address of WebRTC', answer(certify()), `/ip4/10.0.0.1/udp/1/webrtc-direct/certhash/uEiA/p2p/${EVIL}`],
        ['the attacker’s with a valid id of its own', answer(certify({ address: `/ip4/10.9.9.9/tcp/1/ws/p2p/${EVIL}`, peer: EVIL, by: other.privateKey })), `/ip4/10.9.9.9/tcp/1/ws/p2p/${EVIL}`],
        ['one that somebody else has signed', answer(certify({ by: other.privateKey }))],
        ['a ticket', answer(certify({ purpose: 'webinfer-member' }))],
        ['one that was changed', answer({ ...certify(), until: NOW + 7_200_000 })],
        ['one that has expired', answer(certify({ until: NOW }))],
        ['a signature that is none', answer({ ...certify(), signature: 'x' })],
        ['a key that is none', { ...answer(certify()), key: '????' }],
    ]) test(`${what} is not`, () => assert.rejects(check(said, address), REFUSED));

    test('one of its id is good at an address of WebRTC, since the peer proves its id wherever it is', () =>
        check(answer(certify()), `/ip4/10.0.0.1/udp/1/webrtc-direct/certhash/uEiA/p2p/${GOOD}`));

    test('it says of which peers there is one, and which STUN servers are listed', async () => {
        const certificates = new Certificates(async () => ({ ...answer(certify()), stun: ['stun:a.example', 'turn:b', 5] }), () => 0);
        await certificates.ask();
        assert.deepEqual([certificates.addresses, certificates.isCertified(GOOD), certificates.isCertified(EVIL), certificates.isCertified(''), certificates.stun, certificates.key],
            [[ADDRESS], true, false, false, ['stun:a.example'], key]);
    });

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

    test('a listed peer may be named at an address of WebRTC, and no other one', () => {
        const direct = (id) => `/ip4/10.0.0.1/udp/1/webrtc-direct/certhash/uEiA/p2p/${id}`;
        const { origins, foreign } = choose(`${direct(GOOD)},${direct(EVIL)}`, OWN, [ADDRESS]);
        assert.deepEqual([origins, foreign.length], [[direct(GOOD)], 1]);
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
