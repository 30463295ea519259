/**
 * Peers of libp2p for this page. Their script is loaded when the link names a peer, or when the page's person or link wants other
 * pages (`maxPeers`); without that, nothing of it is.
 */
import { keep, recall } from './kept.js';
import { read } from './endpoints.js';

/** @import { Settings } from '../people/settings.js' */
/** @import { Peers } from '../peers/peers.js' */
/** @import { FileRequest, PeerRow, StateMessage, ToLink } from '../shared/messages.js' */

/** The page's own service has so long for an answer … */
const ASK_MS = 3000;
/** … and then its siblings have. */
const SIBLINGS_MS = 10_000;
/** The name under which the browser keeps what its person has said of STUN servers: "yes" or "no", and the servers. A link says nothing of it. */
const STUN = 'webinfer.stun';
const CLOSE_LOST = 1006;

/** @param {string} origin @param {number} ms @returns {Promise<unknown>} */
async function peersOf(origin, ms) {
    const response = await fetch(`${origin}/peers`, { cache: 'no-store', signal: AbortSignal.timeout(ms) });
    return response.json();
}

/** @returns {Promise<string[]>} */
const fetchSiblings = () => fetch('/endpoints').then(async (response) => (response.ok ? read(await response.text()) : []));

export class Peering {
    /** @param {Settings} settings @param {() => string[]} first addresses of peers that the link names
     * @param {(problem: string) => void} failed the script cannot be loaded */
    constructor(settings, first, failed) {
        this._settings = settings;
        this._first = first;
        this._failed = failed;
        /** Once their script is loaded. @type {Peers | null} */
        this._peers = null;
        /** @type {Promise<string[]> | null} */
        this._siblings = null;
        /** @type {((message: ToLink) => void) | null} */
        this._tell = null;
        /** Of engine workers, each with what ends it. @type {Map<MessagePort, (() => void) | null>} */
        this._engines = new Map();
        /** Features of this browser that were found. @type {Set<string>} */
        this._features = new Set();
        settings.onChange(() => this._want());
    }

    /** Whether this page connects to other pages. */
    get isOn() {
        return this._tell !== null && this._settings.values.maxPeers > 0;
    }

    /** The page computes from now on. @param {(message: ToLink) => void} tell the link worker */
    begin(tell) {
        this._tell = tell;
        this._want();
    }

    /** @param {string} address of a peer @param {MessagePort} port of the link worker */
    async open(address, port) {
        try {
            const peers = await this._load();
            if (this._tell) peers.open(address, port);
        } catch (error) {
            port.postMessage({ code: CLOSE_LOST, reason: String(error) });
        }
    }

    /** A file for an engine worker. @param {FileRequest} request @param {MessagePort} port @param {(bytes: number) => void} told of bytes that came */
    get(request, port, told) {
        if (this._peers) return this._peers.get(request, port, told);
        port.postMessage({ gone: true });
        port.close();
    }

    /** Other pages may have the files of an engine worker. @param {MessagePort} port @returns {() => void} it has ended */
    share(port) {
        this._engines.set(port, this._peers?.share(port) ?? null);
        return () => {
            this._engines.get(port)?.();
            this._engines.delete(port);
        };
    }

    /** @param {Record<string, unknown>} ticket */
    hold(ticket) {
        this._peers?.hold(ticket);
    }

    /** @param {string} name @param {string} state */
    found(name, state) {
        if (state !== 'no') this._features.add(name);
    }

    /** @param {StateMessage} message */
    show({ platforms, models, running, queued }) {
        const computes = Object.entries(platforms).filter(([, { available }]) => available).map(([name]) => name);
        this._peers?.is({ computes: [...new Set([...computes, ...this._features])], running, waiting: queued,
            models: [...new Set(models.filter(({ state }) => state === 'loaded').map(({ name }) => name))] });
    }

    end() {
        this._tell = null;
        this._peers?.end();
    }

    // --- for its person ----------------------------------------------------------------------------

    /** @returns {PeerRow[]} */
    rows() {
        return this._peers?.rows() ?? [];
    }

    /** The peer or page at which this page's way to the service begins, if it was left to the peers to choose; or "". */
    get way() {
        return this._peers?.way ?? '';
    }

    /** How many others reach the service over this page now. */
    get carried() {
        return this._peers?.carried ?? 0;
    }

    /** Why there are no connections, or what this browser lacks for them, in a sentence. */
    get problem() {
        return this._peers?.fault || (this._peers?.problem ?? '');
    }

    /** @param {string} address @returns {Promise<string>} why that peer is not met, in a sentence; or "" */
    async add(address) {
        const peers = await this._load();
        return this.isOn ? peers.add(address) : '';
    }

    /** The STUN servers of which the person is still to say whether they may see this browser's address. */
    get asked() {
        return this._isSaid('yes') || this._isSaid('no') ? [] : this._peers?.stun ?? [];
    }

    /** @param {boolean} isAllowed */
    answer(isAllowed) {
        keep('localStorage', STUN, [isAllowed ? 'yes' : 'no', ...this._peers?.stun ?? []].join(' '));
    }

    /** Of these servers. @param {'yes' | 'no'} word */
    _isSaid(word) {
        return recall('localStorage', STUN) === [word, ...this._peers?.stun ?? []].join(' ');
    }

    // --- the script --------------------------------------------------------------------------------

    /** The last wish counts, also if it comes while the script is loaded. */
    async _want() {
        try {
            if (this.isOn) await this._load();
        } catch (error) {
            this._failed(String(error));
        }
        const { maxPeers, discoveryInterval } = this._settings.values;
        this._peers?.want(this.isOn ? maxPeers : 0, discoveryInterval);
        this._carry();
    }

    _carry() {
        const { carryOthers, carryLimit, carryMinutes } = this._settings.values;
        this._peers?.carry(this.isOn && carryOthers ? { bytes: carryLimit, seconds: 60 * carryMinutes } : null);
    }

    /** A browser loads it once; one that could not be loaded may be there the next time. */
    async _load() {
        const { Peers: Made } = await import(new URL(__PEERS__, import.meta.url).href);
        this._peers ??= this._begun(new Made({
            ask: () => this._ask(), first: this._first(), mayAsk: () => this._isSaid('yes'),
            born: (/** @type {string} */ id) => this._tell?.({ type: 'peer', id }),
            accuse: (/** @type {string} */ id, /** @type {string} */ file) => this._tell?.({ type: 'accuse', id, file }),
        }));
        return this._peers;
    }

    /** @param {Peers} peers */
    _begun(peers) {
        for (const port of this._engines.keys()) this._engines.set(port, peers.share(port));
        return peers;
    }

    /** The page's own service, or one of its siblings while that is gone: these are known from before. */
    async _ask() {
        const siblings = this._siblings ??= fetchSiblings().catch(() => {
            this._siblings = null;
            return [];
        });
        try {
            return await peersOf(location.origin, ASK_MS);
        } catch {
            return Promise.any((await siblings).map((origin) => peersOf(origin, SIBLINGS_MS)));
        }
    }
}
