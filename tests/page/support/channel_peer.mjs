/** The other end of a channel under test: answers each message, and lingers as it is told. */
import './turn.mjs';
import { workerData } from 'node:worker_threads';
import { Channel } from '../../../page/src/shared/channel.js';

const { port, memory } = workerData;
const channel = new Channel(port, memory, 1, (message) => {
    if (message.type === 'close') return channel.close();
    channel.post({ ...message, waited: message.linger ? linger(message.linger) : 0 });
    if (message.stay) channel.linger(message.stay);
});

channel.watches = true;

/** How long it took for something to come, or for the time to be over. */
function linger(ms) {
    const began = performance.now();
    channel.linger(ms);
    return performance.now() - began;
}
