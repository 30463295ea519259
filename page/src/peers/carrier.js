/**
 * A page that carries others, if its person is willing: a relay, over which pages that have lost their way to the service reach the
 * operator's peers. These have places here for that. A circuit is encrypted from end to end, and has limits. It uses no browser globals.
 */
import { circuitRelayServer } from '@libp2p/circuit-relay-v2';
import { derived, withShortMessages } from './short_messages.js';

/** @import { Connection } from '@libp2p/interface' */
/** @import { Certificates } from './certificates.js' */
/** @import { Members } from './members.js' */
/** Of each circuit, in both directions together. @typedef {{bytes: number, seconds: number}} Limits */

/** Circuits at a time … */
export const CIRCUITS = 4;
/** … and those of one connection: a new one may begin before an old one is seen to have ended. */
const OF_ONE = 2;
/** The operator's peers that may have a place. */
const PLACES = 8;
/** A peer asks for its place again in each half minute, so that it soon has one after a change. */
export const PLACE_MS = 330_000;
/** The protocol of the stream on which a circuit goes on from here. */
const ONWARD = '/libp2p/circuit/relay/0.2.0/stop';

export class Carrier {
    /** @param {Certificates} certificates @param {Members} members */
    constructor(certificates, members) {
        this._certificates = certificates;
        this._members = members;
        /** null: its person is not willing. @type {Limits | null} */
        this._limits = null;
        /** @type {any} */
        this._components = null;
        /** Circuits that may begin, whose streams onward are being opened. */
        this._beginning = 0;
        /** @type {any} */
        this._server = null;
        this._changed = Promise.resolve();
    }

    /** For libp2p, which ends it. */
    service() {
        return (/** @type {any} */ components) => {
            const short = withShortMessages(components), { connectionManager } = short;
            this._components = derived(short, { connectionManager: derived(connectionManager, {
                getConnections: (/** @type {any} */ to) => connectionManager.getConnections(to).map((/** @type {Connection} */ one) => this._counted(one)),
            }) });
            return { start: () => {}, stop: () => this._server?.stop() };
        };
    }

    get isWilling() {
        return this._limits !== null;
    }

    /** Circuits that go on now, and those that begin. Streams on which others ask for circuits take no places. */
    get count() {
        /** @type {Connection[]} */
        const connections = this._components?.connectionManager.getConnections() ?? [];
        const going = connections.flatMap(({ streams }) => streams).filter(({ protocol, direction }) => protocol === ONWARD && direction === 'outbound').length;
        return going + this._beginning;
    }

    /** Over which the relay opens streams onward, and nothing else. Of circuits that may begin at once, some may be too many. @param {Connection} connection */
    _counted(connection) {
        /** @type {Connection['newStream']} */
        const newStream = async (protocols, options) => {
            if (this.count >= CIRCUITS) throw new Error(`${CIRCUITS} circuits go on here`);
            this._beginning++;
            try {
                return await connection.newStream(protocols, options);
            } finally {
                this._beginning--;
            }
        };
        return derived(connection, { newStream });
    }

    /** The operator's peers ask for places only. @param {string} peer */
    _isCarried(peer) {
        return this._members.has(peer) && !this._certificates.isCertified(peer);
    }

    /** Carries others within these limits from now on; null: none. If that is new, present circuits end. @param {Limits | null} limits */
    carry(limits) {
        if (limits?.bytes === this._limits?.bytes && limits?.seconds === this._limits?.seconds) return this._changed;
        this._limits = limits;
        this._changed = this._changed.then(() => this._renew()).catch(() => {}); // libp2p has ended
        return this._changed;
    }

    /** Once there was a relay, it stays and refuses: of one that is gone, libp2p would never want a place again. */
    async _renew() {
        const { _limits: limits, _server: before } = this;
        if (!limits && !before) return;
        await before?.stop();
        const { bytes, seconds } = limits ?? { bytes: 1, seconds: 1 };
        this._server = circuitRelayServer({ maxInboundHopStreams: OF_ONE, reservations: {
            maxReservations: PLACES, reservationTtl: PLACE_MS, defaultDataLimit: BigInt(bytes), defaultDurationLimit: 1000 * seconds } })(this._components);
        await this._server.start();
    }

    // --- for libp2p's gate -------------------------------------------------------------------------

    /** Whether that peer may have a place. @param {string} peer */
    mayReserve(peer) {
        return this.isWilling && this._certificates.isCertified(peer);
    }

    /** Whether a circuit may begin. @param {string} from @param {string} to */
    mayCarry(from, to) {
        return this.mayReserve(to) && this._isCarried(from) && this.count < CIRCUITS;
    }
}
