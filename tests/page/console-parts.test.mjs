/** What the console is made of that needs no browser: events, objects, figures. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytes, count, duration, milliseconds, NOTHING, plain, rate } from '../../page/src/console/format.js';
import { EventParser } from '../../page/src/console/sse.js';
import { Store } from '../../page/src/console/store.js';
import { sentencesOf } from '../../page/src/console/told.js';

const STREAM = ': alive\n\nevent: snapshot\r\ndata: {"a":1,\r\ndata: "b":2}\rid: run-1\r\n\r\n:\n\ndata:x\ndata\n\nid: run-2\n\nevent: change\ndata: {}\n\ndata: cut';
const EVENTS = [{ event: 'snapshot', data: '{"a":1,\n"b":2}', id: 'run-1' }, { event: 'message', data: 'x\n', id: 'run-1' },
    { event: 'change', data: '{}', id: 'run-2' }];

test('events are read however their bytes are cut', () => {
    for (let size = 1; size <= STREAM.length; size++) {
        const parser = new EventParser(), events = [];
        for (let at = 0; at < STREAM.length; at += size) events.push(...parser.push(STREAM.slice(at, at + size)));
        assert.deepEqual(events, EVENTS, `pieces of ${size}`);
        assert.equal(parser.id, 'run-2');
    }
});

test('a carriage return and the line feed behind it are one end of a line, wherever they are cut', () => {
    const parser = new EventParser();
    assert.deepEqual(['data: a\r', '', '\n', '\n'].flatMap((piece) => parser.push(piece)).map(({ data }) => data), ['a']);
});

test('objects come, change and go, and who subscribed is told which', () => {
    const store = new Store(), told = [];
    const leave = store.subscribe((kinds, keys) => told.push([[...kinds], keys]));
    store.replace({ status: { ready: true }, 'node/b': { id: 'b' }, 'node/a': { id: 'a' } });
    store.change({ 'node/a': null, 'model/x/y': { name: 'x/y' } });
    assert.deepEqual(store.all('node'), [['b', { id: 'b' }]]);
    assert.deepEqual(store.all('model'), [['x/y', { name: 'x/y' }]]);
    store.replace({ status: { ready: false } });
    assert.deepEqual([store.all('node'), store.get('status')], [[], { ready: false }]);
    leave();
    store.change({ queue: {} });
    assert.deepEqual(told, [[['status', 'node'], ['status', 'node/b', 'node/a']], [['node', 'model'], ['node/a', 'model/x/y']],
        [['status', 'node', 'model'], ['status', 'node/b', 'model/x/y']]]);
});

test('what has changed is told in sentences, once', () => {
    const store = new Store(), told = sentencesOf(store);
    const after = (objects) => {
        store.change(objects);
        return told(Object.keys(objects));
    };
    assert.deepEqual(after({ status: { ready: true }, 'session/s': { state: 'starting' } }), []);
    assert.deepEqual(after({ 'session/s': { state: 'ready' } }), ['The browser s is ready.']);
    assert.deepEqual(after({ 'session/s': { state: 'ready', jobs: 4 } }), []);
    assert.deepEqual(after({ status: { ready: false, problem: 'no node' }, 'session/s': null }), ['The service is not ready: no node.', 'The browser s is gone.']);
});

test('figures are short, and what is not known is a dash', () => {
    assert.deepEqual([bytes(0), bytes(999), bytes(1e3), bytes(999_999), bytes(123e6), bytes(1.4e9)], ['0 B', '999 B', '1.0 kB', '1.0 MB', '123 MB', '1.4 GB']);
    assert.deepEqual([duration(4200), duration(61e3), duration(3.6e6), duration(49 * 3.6e6), duration(-5)], ['4 s', '1 min 01 s', '1 h 00 min', '2 d 1 h', '0 s']);
    assert.deepEqual([milliseconds(1.25), milliseconds(312.4), milliseconds(12_000)], ['1.3 ms', '312 ms', '12.0 s']);
    assert.deepEqual([count(1024), count(18234), count(1_100_000_000)], ['1024', '18\u202f234', '1\u202f100\u202f000\u202f000']);
    assert.deepEqual([rate(4.94), rate(512.4)], ['4.9', '512']);
    for (const show of [bytes, duration, milliseconds, count, rate])
        for (const nothing of [undefined, null, NaN, Infinity, '7', {}]) assert.equal(show(nothing), NOTHING);
});

test('what turns text around is shown by its number, and what is very long is cut', () => {
    assert.equal(plain('a\u202eb\u2066c\u0000'), 'a⟨U+202E⟩b⟨U+2066⟩c⟨U+0000⟩');
    assert.equal(plain('naïve 日本 🙂\tx\ny'), 'naïve 日本 🙂\tx\ny');
    const cut = plain('x'.repeat(100_000));
    assert.ok(cut.length <= 4000 && cut.endsWith('(100\u202f000 characters)'));
    assert.equal(plain(cut), cut);
});
