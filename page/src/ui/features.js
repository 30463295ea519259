/** Tries features, one at a time: in the document itself, or in a worker that is ended where it gives no answer in time. */
import { limitOf, no } from '../features/finding.js';
import { find } from '../features/serve.js';
import { featureOf } from '../features/table.js';
import { Owner } from './owner.js';

/** @import { Finding, Place } from '../features/finding.js' */

export class Features {
    /** @param {Record<string, string>} scripts of workers, by the place that they are
     * @param {(name: string, found: Finding) => void} tell @param {(bytes: number) => void} fetched is told what they fetch */
    constructor(scripts, tell, fetched) {
        this._scripts = scripts;
        this._tell = tell;
        this._fetched = fetched;
        /** @type {Owner<Worker> | null} */
        this._owner = null;
        /** The kind of its worker. @type {string} */
        this._place = '';
        this._timer = 0;
        this._name = '';
    }

    /** Answered once, by `tell`, unless another is tried before. @param {string} name */
    async find(name) {
        this._settle();
        const feature = featureOf(name);
        if (!feature) return this._tell(name, no('this page knows no such feature'));
        if (feature.place === 'document') return this._tell(name, await find(name, { canvas: () => document.createElement('canvas') }));
        this._name = name;
        this._use(feature.place);
        this._timer = setTimeout(() => {
            this.end();
            this._answer(no(`it gave no answer in ${limitOf(feature.place) / 1000} s`));
        }, limitOf(feature.place));
        this._owner?.worker.postMessage(name);
    }

    /** Ends what is there of workers. */
    end() {
        this._owner?.end();
        this._owner = null;
    }

    /** Whatever waits is answered no more. */
    _settle() {
        clearTimeout(this._timer);
        if (this._name) this.end();
        this._name = '';
    }

    /** @param {Finding} found */
    _answer(found) {
        clearTimeout(this._timer);
        const name = this._name;
        this._name = '';
        if (name) this._tell(name, found);
    }

    /** @param {Place} place whose worker it is to be from now on */
    _use(place) {
        if (this._owner && this._place === place) return;
        this.end();
        const worker = new Worker(this._scripts[place], { type: 'module', name: `features-${place}` });
        const owner = this._owner = new Owner(worker, (message) => worker.postMessage(message));
        this._place = place;
        worker.onmessage = ({ data }) => {
            if (data.type === 'fetched') this._fetched(data.bytes);
            else if (data.type !== 'found') owner.hear(data);
            else if (data.name === this._name) this._answer(data.found);
        };
        worker.onerror = (event) => {
            event.preventDefault();
            if (this._owner !== owner) return;
            this.end();
            this._answer(no(event.message || 'its worker could not be loaded'));
        };
    }
}
