/**
 * Other pages, for an engine worker that loads files. They are known to the document (peers/exchange.js), which has the other end of
 * this port, and of a port for each load. No block on its way waits for a timer. It uses no browser globals.
 */
import { Wants } from '../shared/wants.js';

/** @import { Run, Source as Asked } from '../shared/blocks.js' */
/** @import { LeafList } from '../shared/leaf_list.js' */
/** @import { FileMessage, FromLoad, IdMessage, ToLoad, Wanted } from '../shared/messages.js' */
/** Other pages that may have a file. `id`: the page's own among them; "": there are none. `join`: tells them of a load; `offer`: of a file that is kept whole,
 * once there are some.
 * @typedef {{id: string, join: (load: Load) => Joined, offer: (file: Wanted, list: () => Promise<LeafList | null>) => void}} Others */
/** A load, as other pages are told of it. `read`: a leaf for them; null: it is not there, or not right; `add`: a page that has some of it, as a source;
 * `met`: one that loads it, too; `parted`: it does no more; `renew`: another ticket.
 * @typedef {{file: Wanted, list: LeafList, ticket: string, has: (index: number) => boolean, read: (index: number) => Promise<Uint8Array<ArrayBuffer> | null>,
 *   add: (source: Asked) => void, met: (name: string) => void, parted: (name: string) => void, renew: () => Promise<string | null>}} Load */
/** `gained`: one leaf more; `accuse`: a page that has lied; `hold`: nothing can be read until `leave`; `leave`: the load has ended.
 * @typedef {{gained: (index: number) => void, accuse: (name: string, why: string) => void, hold: () => void, leave: (isKept: boolean) => void}} Joined */

/** Tickets are good for an hour. */
const RENEW_MS = 1_800_000;

export class OtherPages {
    constructor() {
        this.id = '';
        /** @type {MessagePort | null} */
        this._port = null;
        /** Files that are to be offered once there are others, by their hashes. @type {Map<string, () => void>} */
        this._offers = new Map();
    }

    /** @param {MessagePort} port of the document */
    attach(port) {
        this._port = port;
        port.onmessage = (/** @type {MessageEvent<IdMessage>} */ { data: { id } }) => {
            this.id = id;
            if (!id) return;
            for (const offer of this._offers.values()) offer();
            this._offers.clear();
        };
    }

    /** @param {Load} load @returns {Joined} */
    join(load) {
        const { file, list, ticket, has } = load, { port1, port2 } = new MessageChannel();
        const there = Array.from({ length: list.count }, (_, index) => index).filter(has);
        this._share(file, list, { ticket, has: there, port: port2 });
        return new SharedLoad(port1, load);
    }

    /** @param {Wanted} file @param {() => Promise<LeafList | null>} listOf */
    offer(file, listOf) {
        const offer = () => listOf().then((list) => list && this._share(file, list, null), () => {}); // the service does not answer
        if (this.id) offer();
        else this._offers.set(file.hash ?? '', offer);
    }

    /** @param {Wanted} file @param {LeafList} list @param {FileMessage['load']} load */
    _share({ hash, bytes }, { digests }, load) {
        /** @type {FileMessage} */
        const message = { hash: hash ?? '', bytes, digests, load };
        this._port?.postMessage(message, load ? [load.port] : []);
    }
}

/** A load of which other pages know. */
class SharedLoad {
    /** @param {MessagePort} port @param {Load} load */
    constructor(port, load) {
        this._port = port;
        this._load = load;
        /** @type {Map<string, PageSource>} */
        this._sources = new Map();
        this._isHeld = false;
        this._timer = setInterval(() => this._renew(), RENEW_MS);
        port.onmessage = (/** @type {MessageEvent<ToLoad>} */ { data }) => this._hear(data);
    }

    /** @param {number} index */
    gained(index) {
        this._say({ gained: index });
    }

    /** @param {string} name @param {string} why */
    accuse(name, why) {
        this._say({ accused: name, why });
    }

    /** What is asked for meanwhile is read from what is kept, if it is. */
    hold() {
        this._isHeld = true;
    }

    /** @param {boolean} isKept */
    leave(isKept) {
        clearInterval(this._timer);
        this._say({ left: isKept });
        this._port.close();
        for (const source of this._sources.values()) source.end(new Error('the load has ended'));
    }

    async _renew() {
        const ticket = await this._load.renew().catch(() => null);
        if (ticket) this._say({ ticket });
    }

    /** @param {ToLoad} said */
    _hear(said) {
        if ('met' in said) return this._load.met(said.met);
        if ('parted' in said) return this._load.parted(said.parted);
        if ('read' in said) return void this._read(said.read, said.number);
        const source = this._sources.get(said.of);
        if ('runs' in said) (source ?? this._begin(said.of)).tell(said.runs);
        else if ('index' in said) source?.answer(said.index, said.bytes);
        else {
            this._sources.delete(said.of);
            source?.end(new Error(said.over));
        }
    }

    /** @param {string} name */
    _begin(name) {
        const source = new PageSource(name, (said) => this._say(said));
        this._sources.set(name, source);
        this._load.add(source);
        return source;
    }

    /** @param {number} index @param {number} number */
    async _read(index, number) {
        const leaf = await this._load.read(index).catch(() => null); // its file may be closed by now
        if (!this._isHeld) this._say({ number, leaf }, leaf ? [leaf.buffer] : []);
    }

    /** @param {FromLoad} said @param {Transferable[]} [moved] */
    _say(said, moved = []) {
        this._port.postMessage(said, moved);
    }
}

/** Another page, as a source of blocks. */
class PageSource {
    /** @param {string} name @param {(said: FromLoad) => void} say */
    constructor(name, say) {
        this.name = name;
        this._say = say;
        /** @type {(runs: Run[]) => void} */
        this.tell = () => {};
        /** @type {(why: Error) => void} */
        this._over = () => {};
        this._wants = new Wants();
    }

    /** @param {(runs: Run[]) => void} told @param {(why: Error) => void} over */
    have(told, over) {
        this.tell = told;
        this._over = over;
    }

    /** @param {number} index @returns {Promise<Uint8Array<ArrayBuffer>>} */
    want(index) {
        const coming = this._wants.add(index);
        if (!this._wants.why) this._say({ want: index, of: this.name });
        return coming;
    }

    close() {
        this._say({ enough: this.name });
    }

    /** @param {number} index @param {Uint8Array<ArrayBuffer>} [bytes] */
    answer(index, bytes) {
        this._wants.answer(index, bytes);
    }

    /** @param {Error} why */
    end(why) {
        if (this._wants.end(why)) this._over(why);
    }
}
