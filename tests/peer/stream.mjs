/** A stream of libp2p whose other end is the test: it keeps what was sent, and takes more only if it is told to. */
export class TestStream extends EventTarget {
    sent = [];
    status = 'open';
    readStatus = 'readable';
    pauses = 0;
    writeBufferLength = 0;
    /** What send() says, and who waits until it says something else. */
    takes = true;
    #waiting = [];
    /** What came while it was paused: resume() hands it on before it returns, as libp2p does. */
    #held = [];

    send(data) {
        if (this.status !== 'open') throw new Error('the stream is closed');
        this.sent.push(Buffer.from(data));
        if (!this.takes) this.writeBufferLength += data.length;
        return this.takes;
    }

    onDrain() {
        return this.takes ? Promise.resolve() : new Promise((resolve) => this.#waiting.push(resolve));
    }

    drain() {
        this.takes = true;
        this.writeBufferLength = 0;
        this.dispatchEvent(new Event('idle'));
        for (const resolve of this.#waiting.splice(0)) resolve();
    }

    pause() {
        this.readStatus = 'paused';
        this.pauses++;
    }

    resume() {
        this.readStatus = 'readable';
        if (this.#held.length > 0) this.receive(Buffer.concat(this.#held.splice(0)));
    }

    async close() {
        if (this.status === 'open') this.status = 'closed';
    }

    abort(error) {
        this.status = 'aborted';
        this.error = error;
        this.dispatchEvent(Object.assign(new Event('close'), { error }));
    }

    receive(data) {
        if (this.readStatus === 'paused') return void this.#held.push(data);
        this.dispatchEvent(Object.assign(new Event('message'), { data: { subarray: () => data, byteLength: data.length } }));
    }

    async *[Symbol.asyncIterator]() {
        yield* this.chunks ?? [];
    }

    get text() { return Buffer.concat(this.sent); }
}
