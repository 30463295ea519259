/** A worker that the document has begun for another worker: a script that speaks with that one as if it were its own. */

self.onmessage = (/** @type {MessageEvent<import('../shared/messages.js').NestedStartMessage>} */ { data: { script, port } }) => {
    self.onmessage = null;
    Object.assign(self, { postMessage: port.postMessage.bind(port) });
    import(script).then(
        () => { port.onmessage = (event) => self.onmessage?.(event); },
        (error) => setTimeout(() => { throw error; }), // the document hears of what nothing catches
    );
};
