/**
 * A program: a member among a page's peers, over the same library, that claims to have a whole file and gives it dishonestly. It says
 * "ready" once it is one. It gives to whoever asks, as it has no reason to look at tickets.
 *
 *     node dishonest.mjs SERVICE TOKEN lies|trickles BYTES
 */
import { FakeNode } from '../../lib/fake-node.mjs';
import { BLOCKS_STREAM } from '../../../page/src/peers/block_frames.js';
import { GIVERS } from './givers.mjs';

globalThis.RTCPeerConnection = (await import('node-datachannel/polyfill')).RTCPeerConnection;
const { Peers } = await import('../../../page/src/peers/peers.js');

const [service, token, how, bytes] = process.argv.slice(2);
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
await peers.want(8, 5000);
const own = await peers._made;
await own.handle(BLOCKS_STREAM, (stream) => GIVERS[how](stream, Number(bytes)), { force: true, runOnLimitedConnection: true });
console.log('ready');
process.stdin.resume().on('end', () => process.exit(0));
