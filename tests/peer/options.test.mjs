// tier: quick
/** The command line of webinfer-peer: one table, --help from it, and what is refused. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { addressOf, OPTIONS, readOptions, usage, UsageError } from '../../peer/options.js';
import { root } from '../lib/paths.mjs';
import { test } from '../lib/tier.mjs';

test('without options it has those of the table', () => {
    const options = readOptions([]);
    assert.deepEqual([options.bridge, options.listen, options.key, options.page], ['http://127.0.0.1:8471', '127.0.0.1:9090', 'webinfer-peer.key', undefined]);
});

test('options replace them', () => {
    const options = readOptions(['--listen', '[::]:1', '--max-connections=7', '--bridge', 'https://b.example']);
    assert.deepEqual([options.listen, options['max-connections'], options.bridge], ['[::]:1', '7', 'https://b.example']);
});

for (const [words, said] of [
    [['--listen', 'localhost:1'], /^--listen: found "localhost:1"; allowed: an address and a port/],
    [['--listen', '127.0.0.1'], /^--listen: found/],
    [['--listen', '127.0.0.1:65536'], /^--listen: found/],
    [['--page', ':80'], /^--page: found/],
    [['--max-connections', '0'], /^--max-connections: found "0"; allowed: a number from 1/],
    [['--max-connections-per-address', '-1'], /max-connections-per-address/],
    [['--bridge', 'http://b.example/x'], /^--bridge: found "http:\/\/b.example\/x"; allowed: an origin/],
    [['--bridge', 'ws://b.example'], /^--bridge: found/],
    [['--tls-key', 'k'], /^--tls-certificate and --tls-key need each other$/],
    [['--tls-certificate', 'c'], /need each other$/],
    [['--announce', '/ip4/10.0.0.1/tcp/1'], /^--announce: found "\/ip4\/10.0.0.1\/tcp\/1"; allowed: .*\/ws or \/wss/],
    [['--announce', 'peer.example'], /^--announce: found/],
    [['--no-such'], /--no-such/],
    [['word'], /word/],
]) test(`${words.join(' ')} is refused`, () => assert.throws(() => readOptions(words), (error) => error instanceof UsageError && said.test(error.message)));

test('an address of IPv6 is in brackets', () => {
    assert.deepEqual(addressOf('[::1]:9090'), { host: '::1', port: 9090 });
    assert.equal(addressOf('::1:9090'), null);
});

test('the help and the manual name each option', () => {
    const manual = fs.readFileSync(path.join(root, 'man/webinfer-peer.8'), 'utf8');
    for (const { name, value } of OPTIONS) {
        assert.match(usage(), new RegExp(`^  --${name}${value ? ` ${value}` : ''} `, 'm'));
        assert.match(manual, new RegExp(`^\\.It Fl -${name}${value ? ` Ar ${value}` : ''}$`, 'm'));
    }
});
