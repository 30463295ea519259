#!/usr/bin/env node
/**
 * A driver without a browser: speaks as much WebDriver classic as the daemon uses and, where a
 * browser would open the page, writes the page's URL (with its one-time token) where the test
 * finds it. Misbehaves on order.
 *
 *   fake-driver.mjs --control=FILE [--port=N …]
 *
 * FILE is JSON {"mode", "urls", "capabilities"}, the latter two where the pages' URLs and what was
 * asked for are written; it is read at each step, so a test can change its mind. Modes:
 * serve, exit (ends at once), silent (never says its port), hang_session (POST /session is never
 * answered), hang_navigate, refuse_session (an error), garbage (answers that are no JSON), huge
 * (an endless answer), die_navigate (ends while navigating).
 */
import fs from 'node:fs';
import http from 'node:http';

const option = (name) => process.argv.find((word) => word.startsWith(`--${name}=`))
    ?.slice(name.length + 3);
const control = () => JSON.parse(fs.readFileSync(option('control'), 'utf8'));

const modeOf = () => control().mode ?? 'serve';
if (process.argv.includes('--version')) {
    console.log('ChromeDriver 156.0.0.0 (fake)');
    process.exit(0);
}
if (modeOf() === 'exit') {
    console.error('fake driver: told to end');
    process.exit(7);
}

const send = (answer, status, value) => {
    const body = JSON.stringify({ value });
    answer.writeHead(status, { 'Content-Type': 'application/json; charset=utf-8',
        'Content-Length': Buffer.byteLength(body) });
    answer.end(body);
};

function newSession(answer, body) {
    const mode = modeOf();
    fs.writeFileSync(control().capabilities, body);
    if (mode === 'hang_session') return;
    if (mode === 'refuse_session')
        return send(answer, 500, { error: 'session not created', message: 'told to refuse',
            stacktrace: '' });
    if (mode === 'garbage') return answer.end('\x00\x01 no JSON at all {{{');
    if (mode === 'huge') {
        answer.writeHead(200, { 'Content-Type': 'application/json' });
        const more = () => {
            while (answer.write(Buffer.alloc(65536, 0x20)));
        };
        answer.on('drain', more);
        answer.on('error', () => {});
        return more();
    }
    send(answer, 200, { sessionId: `fake-${process.pid}`,
        capabilities: { browserName: 'chrome', browserVersion: '156.0.0.0',
            // Granted where it is asked for, but nobody is there.
            webSocketUrl: /webSocketUrl/.test(body) ? 'ws://127.0.0.1:1/session/x' : undefined } });
}

/** What its window shows. */
let page = 'data:,';

function navigate(answer, body) {
    const mode = modeOf();
    if (mode === 'hang_navigate') return;
    if (mode === 'die_navigate') process.exit(9);
    page = JSON.parse(body).url;
    fs.appendFileSync(control().urls, `${page}\n`);
    send(answer, 200, null);
}

const server = http.createServer((call, answer) => {
    let body = '';
    call.setEncoding('utf8');
    call.on('data', (part) => (body += part));
    call.on('end', () => {
        const what = `${call.method} ${call.url}`;
        if (what === 'GET /status') send(answer, 200, { ready: true, message: 'fake' });
        else if (what === 'POST /session') newSession(answer, body);
        else if (/^POST \/session\/[^/]+\/url$/.test(what)) navigate(answer, body);
        else if (/^GET \/session\/[^/]+\/url$/.test(what)) send(answer, 200, page);
        else if (/^POST|^DELETE/.test(what)) send(answer, 200, null);
        else send(answer, 404, { error: 'unknown command', message: what, stacktrace: '' });
    });
});
server.listen(Number(option('port') ?? 0), '127.0.0.1', () => {
    if (modeOf() === 'silent') return;
    const { port } = server.address();
    console.log(`Starting ChromeDriver 156.0.0.0 (fake) on port ${port}`);
    console.log(`ChromeDriver was started successfully on port ${port}.`);
    console.log(`${Date.now()}\tgeckodriver\tINFO\tListening on 127.0.0.1:${port}`);
});
process.on('SIGTERM', () => process.exit(0));
