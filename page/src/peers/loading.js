/**
 * A load of an engine worker (engine/other_pages.js), in the document: streams to the pages that are asked for its blocks, each of
 * which ends in the load's port.
 */
import { BLOCKS_STREAM } from './block_frames.js';
import { BlockSource } from './block_stream.js';
import { Lie, NotHere } from '../shared/blocks.js';

/** @import { Connection } from '@libp2p/interface' */
/** @import { FromLoad, ToLoad } from '../shared/messages.js' */

/** `pages`: connections to those that may be asked; `gained`, `left`: what the worker says of its file; `accuse`: a page that has lied.
 * @typedef {{pages: () => Iterable<Connection>, gained: (index: number) => void, left: (isKept: boolean) => void, accuse: (peer: string, why: string) => void}} Around */

/** A page has so long to open a stream. */
const OPEN_MS = 10_000;
/** A page is asked so often for a file, in the same load: each time that it comes, or that it begins to want the file itself. */
const TRIES_MAX = 16;

export class Loading {
    /** @param {string} ticket @param {MessagePort} port @param {Around} around */
    constructor(ticket, port, around) {
        this._ticket = ticket;
        this._port = port;
        this._around = around;
        /** Pages that were asked: how often, whether there is a stream, or will be one, and whether there is a reason to ask again once it has ended.
         * @type {Map<string, {tries: number, isOpen: boolean, again: boolean}>} */
        this._asked = new Map();
        /** @type {Map<string, BlockSource>} */
        this._sources = new Map();
        /** Blocks that the worker is to read. @type {Map<number, {index: number, resolve: (bytes: Uint8Array | null | Promise<Uint8Array | null>) => void}>} */
        this._reads = new Map();
        this._count = 0;
        this._isOver = false;
        port.onmessage = (/** @type {MessageEvent<FromLoad>} */ { data }) => this._hear(data);
        this.look();
    }

    /** Asks those that are to be asked. */
    look() {
        for (const connection of this._around.pages()) this._ask(connection);
    }

    /** A page has come again, or has gone. @param {string} peer */
    moved(peer) {
        const asked = this._asked.get(peer);
        if (asked) asked.again = true;
        this.look();
    }

    /** A page wants the same file: it has, or will have, what it had not when it was asked. @param {string} peer */
    met(peer) {
        this._say({ met: peer });
        this.moved(peer);
    }

    /** It wants it no more, or has gone. @param {string} peer */
    parted(peer) {
        this._say({ parted: peer });
    }

    /** @param {number} index @returns {Promise<Uint8Array | null>} */
    read(index) {
        return new Promise((resolve) => {
            if (this._isOver) return resolve(null);
            this._reads.set(++this._count, { index, resolve });
            this._say({ read: index, number: this._count });
        });
    }

    /** Nothing more is asked of other pages, unless they are looked at again. */
    part() {
        for (const asked of this._asked.values()) asked.again = true;
        for (const source of [...this._sources.values()]) source.close();
    }

    /** @param {(index: number) => Promise<Uint8Array | null>} read what the worker has not read */
    end(read) {
        if (this._isOver) return;
        this._isOver = true;
        this.part();
        for (const { index, resolve } of this._reads.values()) resolve(read(index));
        this._reads.clear();
        this._port.close();
    }

    /** @param {FromLoad} said */
    _hear(said) {
        if (this._isOver) return;
        if ('want' in said) this._want(said.of, said.want);
        else if ('gained' in said) {
            this._around.gained(said.gained);
            this.look(); // somebody may have become a member meanwhile
        } else if ('leaf' in said) {
            this._reads.get(said.number)?.resolve(said.leaf);
            this._reads.delete(said.number);
        } else if ('enough' in said) this._sources.get(said.enough)?.close();
        else if ('ticket' in said) {
            this._ticket = said.ticket;
            for (const source of this._sources.values()) source.show(said.ticket);
        } else if ('accused' in said) this._around.accuse(said.accused, said.why);
        else this._around.left(said.left);
    }

    /** @param {Connection} connection */
    async _ask(connection) {
        const peer = String(connection.remotePeer), asked = this._asked.get(peer) ?? { tries: 0, isOpen: false, again: true };
        if (this._isOver || asked.isOpen || !asked.again || asked.tries === TRIES_MAX) return;
        this._asked.set(peer, asked);
        Object.assign(asked, { tries: asked.tries + 1, isOpen: true, again: false });
        try {
            const stream = await connection.newStream(BLOCKS_STREAM, { signal: AbortSignal.timeout(OPEN_MS) });
            if (this._isOver) stream.abort(new Error('the load has ended'));
            else this._begin(new BlockSource(peer, stream, this._ticket), () => this._ended(asked));
        } catch {
            this._ended(asked); // it has gone, or has too many of them
        }
    }

    /** @param {{isOpen: boolean}} asked */
    _ended(asked) {
        asked.isOpen = false;
        this.look();
    }

    /** @param {BlockSource} source @param {() => void} ended */
    _begin(source, ended) {
        const of = source.name;
        this._sources.set(of, source);
        source.have((runs) => this._say({ of, runs }), (why) => {
            this._sources.delete(of);
            this._say({ of, over: why.message });
            if (why instanceof Lie) this._around.accuse(of, why.message);
            ended();
        });
    }

    /** The end of the page is told by itself. @param {string} of @param {number} index */
    _want(of, index) {
        this._sources.get(of)?.want(index).then((bytes) => this._say({ of, index, bytes }, [bytes.buffer]), (error) => {
            if (error instanceof NotHere) this._say({ of, index });
        });
    }

    /** @param {ToLoad} said @param {Transferable[]} [moved] */
    _say(said, moved = []) {
        this._port.postMessage(said, moved); // a port that is closed takes nothing
    }
}
