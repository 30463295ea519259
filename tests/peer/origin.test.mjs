// tier: quick
/** The page's origin of webinfer-peer: what is passed to the bridge and back, and what is not. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { after, before } from 'node:test';
import { makeOrigin } from '../../peer/origin.js';
import { test } from '../lib/tier.mjs';

const ID = '12D3KooWFsUu3pM4ZprsXuZJKoW2vZTPopCAd1QJQVP2avQFAjLB', ADDRESS = `/dns4/peer.example/tcp/9090/wss/p2p/${ID}`;
const listen = async (server) => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return `http://127.0.0.1:${server.address().port}`;
};
/** What the bridge was asked. @type {http.IncomingMessage[]} */
const asked = [];
let bridge, origin, url, listed = [{ address: '/dns4/other.example/tcp/1/ws/p2p/other', peer: 'other' }, { address: ADDRESS, peer: ID }];

before(async () => {
    bridge = http.createServer((request, response) => {
        asked.push(request);
        if (request.url === '/peers') return response.setHeader('content-type', 'application/json').end(JSON.stringify({ peers: listed }));
        response.writeHead(request.headers.range ? 206 : 200, { 'content-type': 'text/html', 'content-security-policy': "default-src 'none'",
            'set-cookie': 'x=y', server: 'bridge', etag: '"e"', 'x-webinfer-ticket': '{}' });
        response.end(request.method === 'HEAD' ? undefined : `this is ${request.url}`);
    });
    origin = makeOrigin(await listen(bridge), ID, null);
    url = await listen(origin);
});
after(() => {
    for (const server of [origin, bridge]) {
        server.close();
        server.closeAllConnections();
    }
});

/** The path goes as it is written: fetch would tidy it. @returns {Promise<{status: number, headers: any, text: string}>} */
async function ask(path, headers = {}, method = 'GET') {
    const request = http.request(url, { path, method, headers });
    request.end();
    const [response] = await once(request, 'response'), pieces = [];
    for await (const piece of response) pieces.push(piece);
    return { status: response.statusCode, headers: response.headers, text: Buffer.concat(pieces).toString() };
}

test('the page, its files and those of models come from the bridge, with its policy', async () => {
    for (const path of ['/index.html', '/main-0123456789ab.js', '/work', '/models/digits/0123/.spec.json', '/models/o/n/0123/onnx/a_b-c@d=e~f,g.json']) {
        const { status, headers, text } = await ask(path);
        assert.deepEqual([status, text, headers['content-security-policy'], headers.etag, headers['set-cookie'], headers.server],
            [200, `this is ${path}`, "default-src 'none'", '"e"', undefined, undefined]);
    }
});

test('the credential and the range are passed on, and nothing that says whose request it is', async () => {
    asked.length = 0;
    const { status } = await ask('/models/digits/0123/model.onnx',
        { authorization: 'Bearer x', range: 'bytes=0-1', 'x-forwarded-for': 'peer:somebody', cookie: 'a=b', origin: 'http://evil.example' });
    const [{ headers }] = asked;
    assert.deepEqual([status, headers.authorization, headers.range, headers['x-forwarded-for'], headers.cookie, headers.origin],
        [206, 'Bearer x', 'bytes=0-1', undefined, undefined, undefined]);
});

test('the list of a file’s blocks and the ticket are passed on, and no other query', async () => {
    const file = '/models/digits/0123/model.onnx';
    for (const [path, passed] of [[`${file}?blocks`, `${file}?blocks`], [`${file}?blocks=${ID}`, `${file}?blocks=${ID}`], [`${file}?blocks=${ID}&x`, file],
        [`${file}?x=blocks`, file], [`${file}?blocks=a/../b`, file], ['/main.js?blocks', '/main.js']]) {
        const { text, headers } = await ask(path);
        assert.deepEqual([text, headers['x-webinfer-ticket']], [`this is ${passed}`, '{}']);
    }
});

test('HEAD has no body', async () => {
    const { status, text, headers } = await ask('/main.js', {}, 'HEAD');
    assert.deepEqual([status, text, headers.etag], [200, '', '"e"']);
});

for (const path of ['/node', '/content', '/endpoints', '/devices', '/ipfs', '/ipfs/bafy', '/v1/models', '/models/../ipfs/bafy', '/models/..', '/models/./x',
    '/%69pfs/bafy', '/models/a/..%2f..%2fnode', '/models/a\\b', '//ipfs/bafy', 'http://127.0.0.1/ipfs/bafy', '/x;y', '*'])
    test(`${path} is not passed on`, async () => {
        asked.length = 0;
        const { status, text } = await ask(path);
        assert.deepEqual([status, text, asked.length], [404, 'there is nothing at this path\n', 0]);
    });

for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) test(`${method} is refused`, async () => {
    const { status, headers } = await ask('/work', {}, method);
    assert.deepEqual([status, headers.allow], [405, 'GET, HEAD']);
});

test('a page that is opened is told to connect through this peer', async () => {
    const { status, headers } = await ask('/?x');
    assert.deepEqual([status, headers.location], [302, `/?node_endpoints=${ADDRESS}`]);
    assert.equal((await ask(`/?node_endpoints=${ADDRESS}`)).text, 'this is /');
    assert.equal((await ask('/', { 'sec-fetch-mode': 'cors' })).text, 'this is /'); // the page itself asks
});

test('a daemon that does not list this peer is named', async () => {
    const before = listed;
    listed = [];
    const { status, text } = await ask('/');
    listed = before;
    assert.deepEqual([status, text], [503, 'the service does not list this peer: its operator adds it to [bridge] peers\n']);
});

test('a bridge that is not there is 502', async () => {
    const alone = makeOrigin('http://127.0.0.1:1', ID, null), at = await listen(alone);
    for (const path of ['/', '/work']) {
        const answer = await fetch(at + path);
        assert.deepEqual([answer.status, await answer.text()], [502, 'the service does not answer\n']);
    }
    alone.close();
    alone.closeAllConnections();
});

test('what is no HTTP ends a connection, and nothing else', async () => {
    const socket = net.connect(Number(new URL(url).port), '127.0.0.1');
    socket.resume().end('GET http://[ HTTP/1.1\r\nHost: x\r\n\r\n');
    await once(socket, 'close');
    assert.equal((await ask('/work')).status, 200);
});
