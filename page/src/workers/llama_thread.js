/**
 * A thread of llama.cpp: the module of emscripten's script, which does a thread's part in a worker
 * of this name. Messages that arrive before the module is loaded are kept for it.
 */
/** @type {MessageEvent[]} */
const early = [];
self.onmessage = (event) => { early.push(event); };

import(new URL(__LLAMA_MJS__, self.location.href).href).then(({ default: begin }) => {
    begin({}, () => { throw new Error('only the first thread reads files'); });
    for (const event of early) self.onmessage?.(event);
});
