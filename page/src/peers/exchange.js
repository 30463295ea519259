/**
 * Passes blocks of models' files between this page and others, over streams between both alone (block_stream.js): what the engine
 * workers load is asked of the pages that are members, and what this page was given is given to those that show a ticket of their
 * own for it. A page that lies is sent away, and told of to the service.
 */
import { BLOCKS_STREAM } from './block_frames.js';
import { BlockGiver } from './block_stream.js';
import { Loading } from './loading.js';
import { isDirect } from './reach.js';
import { SharedFile } from './shared_file.js';
import { Lane } from '../shared/lane.js';
import { FILE_TICKET } from './statement.js';

/** @import { Connection, Libp2p, Stream } from '@libp2p/interface' */
/** @import { Given } from './block_stream.js' */
/** @import { Certificates } from './certificates.js' */
/** @import { Members } from './members.js' */
/** @import { FileMessage } from '../shared/messages.js' */

/** Streams of a peer, each for a file. Engines load four at a time. */
export const STREAMS_MAX = 8;
/** Blocks of a peer that are read and sent at a time, of 1 MiB each, over all of its streams. */
const BLOCKS_ABREAST = 2;

export class Exchange {
    /** @param {Certificates} certificates @param {Members} members
     * @param {(peer: string, file: string) => void} accuse tells the service of a peer that has lied about a file */
    constructor(certificates, members, accuse) {
        this._certificates = certificates;
        this._members = members;
        this._accuse = accuse;
        /** @type {Libp2p<any> | null} */
        this._node = null;
        this._isOn = false;
        /** Of engine workers. @type {Set<MessagePort>} */
        this._ports = new Set();
        /** By their hashes. @type {Map<string, SharedFile>} */
        this._files = new Map();
        /** Peers that speak the protocol, as they have said. @type {Set<string>} */
        this._speaking = new Set();
        /** What is given to a peer. @type {Map<string, {givers: Set<BlockGiver>, lane: Lane}>} */
        this._taking = new Map();
    }

    /** @param {Libp2p<any>} node */
    async begin(node) {
        this._node = node;
        await node.handle(BLOCKS_STREAM, (stream, connection) => this._give(stream, connection), { maxInboundStreams: STREAMS_MAX, maxOutboundStreams: STREAMS_MAX });
        await node.register(BLOCKS_STREAM, {
            onConnect: (peer) => this._move(String(peer), () => this._speaking.add(String(peer))),
            onDisconnect: (peer) => this._move(String(peer), () => this._speaking.delete(String(peer))),
        });
        this._tell();
    }

    /** @param {boolean} isOn whether this page takes blocks from others and gives them */
    want(isOn) {
        this._isOn = isOn;
        this._tell();
        if (isOn) return this.look();
        for (const { givers } of [...this._taking.values()]) for (const giver of [...givers]) giver.end(new Error('this page gives nothing more'));
        for (const { loading } of this._files.values()) loading?.part();
    }

    /** Another peer may be a member now. */
    look() {
        for (const { loading } of this._files.values()) loading?.look();
    }

    /** An engine worker. @param {MessagePort} port @returns {() => void} it has ended */
    attach(port) {
        /** @type {Set<SharedFile>} */
        const own = new Set();
        port.onmessage = (/** @type {MessageEvent<FileMessage>} */ { data }) => own.add(this._share(data));
        this._ports.add(port);
        this._tellOne(port);
        return () => {
            this._ports.delete(port);
            port.close();
            for (const file of own) this._left(file, false);
        };
    }

    get _id() {
        return this._isOn && this._node ? String(this._node.peerId) : '';
    }

    _tell() {
        for (const port of this._ports) this._tellOne(port);
    }

    /** @param {MessagePort} port */
    _tellOne(port) {
        port.postMessage({ id: this._id });
    }

    // --- files -------------------------------------------------------------------------------------

    /** @param {FileMessage} message @returns {SharedFile} */
    _share(message) {
        const { hash, load } = message, before = this._files.get(hash);
        if (before && !before.loading && !load) return before; // it is kept as before
        const file = new SharedFile(message);
        if (before?.loading) this._left(before, false);
        before?.end('the file is loaded again');
        this._files.set(hash, file);
        if (load)
            file.loading = new Loading(load.ticket, load.port, {
                pages: () => this._pages(), gained: (index) => file.gain(index), left: (isKept) => this._left(file, isKept),
                accuse: (peer) => {
                    this._members.expel(peer);
                    this._accuse(peer, file.hash);
                },
            });
        return file;
    }

    /** A load has ended. @param {SharedFile} file @param {boolean} isKept as a whole */
    _left(file, isKept) {
        const { loading } = file;
        if (!loading) return;
        file.loading = null;
        loading.end((index) => (isKept ? file.read(index) : Promise.resolve(null)));
        if (isKept) return;
        file.end('the file is not here any more');
        if (this._files.get(file.hash) === file) this._files.delete(file.hash);
    }

    // --- asking ------------------------------------------------------------------------------------

    /** Members, each by a connection with nobody in between. @returns {Iterable<Connection>} */
    _pages() {
        /** @type {Map<string, Connection>} */
        const found = new Map();
        for (const connection of this._isOn && this._node ? this._node.getConnections() : []) {
            const peer = String(connection.remotePeer);
            if (connection.status === 'open' && isDirectConnection(connection) && this._speaking.has(peer) && this._members.has(peer)) found.set(peer, connection);
        }
        return found.values();
    }

    /** @param {string} peer @param {() => void} change */
    _move(peer, change) {
        change();
        for (const { loading } of this._files.values()) loading?.moved(peer);
    }

    // --- giving ------------------------------------------------------------------------------------

    /** @param {Stream} stream @param {Connection} connection */
    _give(stream, connection) {
        const peer = String(connection.remotePeer), taking = this._taking.get(peer) ?? { givers: new Set(), lane: new Lane(BLOCKS_ABREAST) };
        if (!this._isOn || !isDirectConnection(connection) || taking.givers.size >= STREAMS_MAX) return stream.abort(new Error('this page gives no more'));
        this._taking.set(peer, taking);
        /** @type {BlockGiver} */
        const giver = new BlockGiver(stream, (ticket) => this._open(ticket, peer, giver), (work) => taking.lane.take(work));
        taking.givers.add(giver);
        giver.over.then(() => {
            taking.givers.delete(giver);
            if (taking.givers.size === 0 && this._taking.get(peer) === taking) this._taking.delete(peer);
        });
    }

    /** @param {string} text @param {string} peer who has shown it @param {BlockGiver} giver @returns {Promise<Given | null>} */
    async _open(text, peer, giver) {
        let shown = ticketIn(text);
        const file = this._files.get(shown?.file);
        if (!file || !await this._isGood(shown, file, peer) || this._files.get(file.hash) !== file) return null;
        return {
            ...file.giveBy(giver, peer),
            isOver: () => shown.until <= this._certificates.time,
            renew: async (again) => {
                const next = ticketIn(again), isGood = await this._isGood(next, file, peer);
                if (isGood) shown = next;
                return isGood;
            },
        };
    }

    /** @param {any} ticket @param {SharedFile} file @param {string} peer */
    _isGood(ticket, { hash }, peer) {
        return this._certificates.hasSigned(FILE_TICKET, { file: hash, peer }, ticket);
    }
}

/** @param {Connection} connection */
const isDirectConnection = ({ limits, remoteAddr }) => !limits && isDirect(String(remoteAddr));

/** @param {string} text @returns {any} */
function ticketIn(text) {
    try {
        return JSON.parse(text);
    } catch {
        return null;
    }
}
