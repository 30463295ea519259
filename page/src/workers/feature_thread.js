/** The second of two threads that add in one memory (features/wasm.js). */
import { addAll } from '../features/wasm.js';

self.onmessage = ({ data: { module, memory, rounds } }) => {
    addAll(module, memory, rounds);
    self.postMessage('added');
};
