/**
 * A program: a member among a page's peers, over the same library. It loads a model as a page does; or it claims to have a whole file
 * and gives it dishonestly, to whoever asks, as it has no reason to look at tickets. It says "member NODE" once it is one, "met" once
 * it is connected to so many others, and ends with its standard input.
 *
 *     node member.mjs SERVICE TOKEN loads|lies|trickles [OTHERS] [BYTES]     BYTES: of the file that a dishonest one claims to have
 */
import { FakeNode } from '../../lib/fake-node.mjs';
import { until } from '../../lib/wait.mjs';
import { BLOCKS_STREAM } from '../../../page/src/peers/block_frames.js';
import { GIVERS } from './givers.mjs';
import { Loader } from './loader.mjs';
import { WANTED } from './wanted.mjs';

globalThis.RTCPeerConnection = (await import('node-datachannel/polyfill')).RTCPeerConnection;
const { Peers } = await import('../../../page/src/peers/peers.js');

const SOON_MS = 300_000;
const [service, token, how, others, bytes] = process.argv.slice(2);
process.stdin.resume().on('end', () => process.exit(0));
const node = await new FakeNode(`${service}/#token=${token}`).join();
const peers = new Peers({
    ask: async () => (await fetch(`${service}/peers`)).json(), first: [], mayAsk: () => false, accuse: () => {},
    born: async (id) => {
        node.send('peer', { id });
        const { message } = await node.got('settings');
        peers.hold(message.data.peers.ticket);
    },
});
peers.is({ computes: ['wasm'], models: [], running: 0, waiting: 0 });
if (how === 'loads') new Loader(node, peers);
await peers.want(WANTED.maxPeers, WANTED.discoveryInterval);
const own = await peers._made;
if (how in GIVERS) await own.handle(BLOCKS_STREAM, (stream) => GIVERS[how](stream, Number(bytes)), { force: true, runOnLimitedConnection: true });
console.log(`member ${node.id}`);
await until(() => peers.rows().filter(({ way, isOperators }) => way === 'direct' && !isOperators).length >= Number(others ?? 0), { what: `direct ways to ${others} others`, timeout: SOON_MS });
console.log('met');
