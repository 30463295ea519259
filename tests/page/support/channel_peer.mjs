/** The other end of a channel under test: answers each message. */
import './yield.mjs';
import { workerData } from 'node:worker_threads';
import { Channel } from '../../../page/src/shared/channel.js';

const { port, memory } = workerData;
const channel = new Channel(port, memory, 1, (message) =>
    (message.type === 'close' ? channel.close() : channel.post(message)));
