/**
 * How good the connections to peers are, as measured: round trips, pings without an answer, and bytes of streams. libp2p hands its
 * streams to what collects metrics, which counts them here. It uses no browser globals.
 */

/** @import { Libp2p, Metrics, Stream } from '@libp2p/interface' */
/** `rtt`: of the last ping that was answered, in ms. @typedef {{rtt?: number, pings: number, lost: number, sent: number, received: number}} Quality */

const PING_MS = 10_000;
/** A ping that has no answer by then is lost. */
const LOST_MS = 5000;

/** @type {Readonly<Quality>} */
const NONE = Object.freeze({ pings: 0, lost: 0, sent: 0, received: 0 });
/** A metric that nobody reads. */
const INERT = { update() {}, increment() {}, decrement() {}, reset() {}, observe() {}, timer: () => () => {} };
const inert = () => /** @type {any} */ (INERT);

export class Qualities {
    constructor() {
        /** Of peers that are connected. @type {Map<string, Quality>} */
        this._of = new Map();
        /** @type {Libp2p<any> | null} */
        this._node = null;
    }

    /** For libp2p. @returns {Metrics} */
    metrics() {
        return {
            trackMultiaddrConnection: () => {},
            trackProtocolStream: (stream) => this._count(stream),
            registerMetric: inert, registerMetricGroup: inert, registerCounter: inert, registerCounterGroup: inert, registerHistogram: inert,
            registerHistogramGroup: inert, registerSummary: inert, registerSummaryGroup: inert, createTrace: inert,
            traceFunction: (/** @type {string} */ name, /** @type {any} */ run) => run,
        };
    }

    /** @param {Libp2p<any>} node @returns {() => void} ends it */
    watch(node) {
        this._node = node;
        node.addEventListener('peer:disconnect', ({ detail }) => this._of.delete(String(detail)));
        node.addEventListener('peer:connect', ({ detail }) => {
            this._of.set(String(detail), { ...NONE });
            this._ping(detail);
        });
        const timer = setInterval(() => node.getPeers().forEach((peer) => this._ping(peer)), PING_MS);
        return () => clearInterval(timer);
    }

    /** @param {string} peer @returns {Quality} */
    of(peer) {
        return this._of.get(peer) ?? NONE;
    }

    /** @param {string} peer @param {(quality: Quality) => void} change */
    _change(peer, change) {
        const quality = this._of.get(peer);
        if (quality) change(quality);
    }

    /** @param {any} peer */
    async _ping(peer) {
        const signal = AbortSignal.timeout(LOST_MS), rtt = await this._node?.services.ping.ping(peer, { signal }).catch(() => undefined);
        if (rtt === undefined && !signal.aborted) return; // it was not sent, or its connection has ended
        this._change(String(peer), (quality) => {
            quality.pings++;
            if (rtt === undefined) quality.lost++;
            else quality.rtt = rtt;
        });
    }

    /** A listener would take what comes before the stream has its reader, so that is counted on its way to them.
     * @param {Stream} stream */
    _count(stream) {
        const connection = this._node?.getConnections().find(({ streams }) => streams.includes(stream));
        if (!connection) return;
        const peer = String(connection.remotePeer), one = /** @type {any} */ (stream), { onData, send } = one;
        one.onData = (/** @type {Uint8Array} */ data) => {
            this._change(peer, (quality) => (quality.received += data.byteLength));
            return onData.call(one, data);
        };
        one.send = (/** @type {Uint8Array} */ data) => {
            this._change(peer, (quality) => (quality.sent += data.byteLength));
            return send.call(one, data);
        };
    }
}
