// tier: quick
/** The peers of a page and their node of libp2p, which is the test's: when it is made, and when it ends. */
import assert from 'node:assert/strict';
import { register } from 'node:module';
import { describe, test } from '../lib/tier.mjs';
import { until } from '../lib/wait.mjs';

register(`data:text/javascript,${encodeURIComponent(`export const resolve = (name, context, next) => name !== './node.js' || !context.parentURL.endsWith('/peers/peers.js') ? next(name, context)
    : { url: 'data:text/javascript,export const makeNode = (parts) => globalThis.makeNode(parts);', shortCircuit: true };`)}`);
const { Peers } = await import('../../page/src/peers/peers.js');

const ME = '12D3KooWQ1R6c7cW4iwS8nLXnJgHBZdBLNnQXmqPBuAHjTNSrQ3g';

/** The peers of a page, and their nodes that were asked for, each of which `made` gets or `failed` refuses. */
function make() {
    const asked = [], born = [];
    globalThis.makeNode = () => new Promise((made, failed) => asked.push({ made, failed }));
    const peers = new Peers({ ask: async () => null, first: [], born: (id) => born.push(id), accuse: () => {}, mayAsk: () => false });
    return { peers, asked, born, hasAsked: (count) => until(() => asked.length === count, { what: `node ${count}` }) };
}

/** A node of libp2p without connections. */
function makeNode() {
    const node = Object.assign(new EventTarget(), { peerId: { toString: () => ME, toMultihash: () => ({ bytes: new Uint8Array(1) }) }, status: 'started',
        handle: async () => {}, register: async () => '', getPeers: () => [], getConnections: () => [], getMultiaddrs: () => [], peerRouting: { getClosestPeers: async function* () {} },
        stop: async () => {
            node.status = 'stopped';
            node.dispatchEvent(new Event('stop'));
        } });
    return node;
}

describe('the node', () => {
    test('that is made after its person has turned it off looks for nobody', async () => {
        const { peers, asked, born, hasAsked } = make(), wanted = peers.want(3, 5000);
        await hasAsked(1);
        await peers.want(0, 5000);
        asked[0].made(makeNode());
        await wanted;
        assert.deepEqual([peers._swarm._wanted.most, peers._swarm._timer, born], [0, undefined, [ME]]);
        await peers.end();
    });

    test('that is made after its page has ended is stopped, and so is all that it does now and then', async (t) => {
        const { peers, asked, hasAsked } = make(), wanted = peers.want(3, 5000), node = makeNode();
        await hasAsked(1);
        const begun = t.mock.method(globalThis, 'setInterval'), ended = t.mock.method(globalThis, 'clearInterval'), over = peers.end();
        asked[0].made(node);
        await Promise.all([wanted, over]);
        assert.equal(node.status, 'stopped');
        assert.equal(begun.mock.callCount(), 3);
        assert.deepEqual(ended.mock.calls.map((call) => call.arguments[0]).sort(), begun.mock.calls.map((call) => call.result).sort());
    });

    test('that could not be made is said why, and tried again at the next wish', async () => {
        const { peers, asked, born, hasAsked } = make(), failed = peers.want(3, 5000);
        await hasAsked(1);
        asked[0].failed(new Error('there are no keys'));
        await failed;
        assert.deepEqual([peers.fault, born], ['The connections to other browsers could not be begun: there are no keys', []]);
        const wanted = peers.want(3, 5000);
        await hasAsked(2);
        asked[1].made(makeNode());
        await wanted;
        assert.deepEqual([peers.fault, born], ['', [ME]]);
        await peers.end();
    });

    test('that could not be made does not hold up the end', async () => {
        const { peers, asked, hasAsked } = make(), wanted = peers.want(3, 5000);
        await hasAsked(1);
        const over = peers.end();
        asked[0].failed(new Error('there are no keys'));
        await Promise.all([wanted, over]);
    });
});
