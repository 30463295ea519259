// tier: full
/**
 * What pages write to their console comes into the log over BiDi, scrubbed and limited: from a
 * Firefox, and from a Chromium where BiDi is asked for beside classic.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Daemon, patience, testsOf } from '../lib/daemon.mjs';

const test = testsOf(() => null);

/** A page that connects to nothing, but says a lot: its address, with the token, first of all. */
const script = `
    console.error('I am at ' + location.href);
    console.warn('only a warning');
    for (let i = 0; i < 1000; i++) console.info('flood ' + i + 'x'.repeat(2000));
    console.log('\\u0000 and ' + '\\x1b[31m');
    setTimeout(() => { throw new Error('uncaught on purpose'); }, 3000);
    setTimeout(() => alert('a prompt on purpose'), 4500);
`;

function talkativePage() {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'wi-page-'));
    fs.writeFileSync(path.join(folder, 'index.html'),
        '<!doctype html><title>x</title><script type="module" src="talk.js"></script>');
    fs.writeFileSync(path.join(folder, 'talk.js'), script);
    return folder;
}

for (const [kind, keys] of Object.entries({ firefox: {}, chrome: { driver: 'bidi' } }))
    test(`${kind}: errors are warnings, the rest is for debugging, no token comes through`,
        async () => {
            const page = talkativePage();
            const daemon = new Daemon({ config: {
                'browser.chrome': { max_connections: 0 }, [`browser.${kind}`]: {
                    max_connections: 1, ...keys },
                bridge: { page }, pool: { connection_timeout: '60s' }, log: { level: 'debug' } } });
            try {
                await daemon.start({ ready: false });
                for (const line of [/warn .*page: console: I am at http\S*#token=wi_\*\*\*/,
                    /debug .*page: console: only a warning/, /debug .*page: console: flood 0x/,
                    /warn .*page: javascript: .*uncaught on purpose/,
                    /warn .*page: alert: a prompt on purpose/])
                    await daemon.logs(line, { timeout: 60_000 * patience });
                assert.ok(!/wi_[A-Za-z0-9_-]{30,}/.test(daemon.log), 'a token was logged');
                assert.ok(daemon.log.match(/page: console: flood/g).length <= 100, 'no limit');
                assert.ok(!/x{600}/.test(daemon.log), 'a note was not cut');
                const [session] = (await daemon.status()).sessions;
                assert.ok(['starting', 'ready'].includes(session.state), session.state);
                await daemon.stop();
            } catch (error) {
                throw daemon.explain(error);
            } finally {
                await daemon.abandon();
                fs.rmSync(page, { recursive: true, force: true });
            }
        });
