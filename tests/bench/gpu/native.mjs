/** node native.mjs STORE SHAPE, forked: sends each figure of native llama.cpp to its parent, or why there are no more. */
import { Native } from '../chat/contestants.mjs';
import { measureSpeed } from './text.mjs';

const [, , store, shape] = process.argv;
const send = (message) => new Promise((resolve) => process.send?.(message, resolve));

try {
    const native = await new Native().start(store, { gpu: 'auto' });
    send({ gpu: native.llama.gpu });
    await measureSpeed(native, shape, (figure, value) => send({ [figure]: value }));
    await native.stop();
} catch (error) {
    await send({ failed: error.message });
    process.exitCode = 1;
}
process.disconnect();
