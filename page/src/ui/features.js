/** Tries features, one at a time: in the document itself, or in a worker that is ended where it gives no answer in time. */
import { limitOf, no } from '../features/finding.js';
import { find } from '../features/serve.js';
import { featureOf } from '../features/table.js';
import { Nested } from './nested.js';

/** @import { Finding, Place } from '../features/finding.js' */

export class Features {
    /** @param {Record<string, string>} scripts of workers, by the place that they are
     * @param {(name: string, found: Finding) => void} tell @param {(bytes: number) => void} fetched is told what they fetch */
    constructor(scripts, tell, fetched) {
        this._scripts = scripts;
        this._tell = tell;
        this._fetched = fetched;
        /** @type {Worker | null} */
        this._worker = null;
        /** What the document has begun for it. @type {Nested | null} */
        this._nested = null;
        /** What the worker is. @type {string} */
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
        this._worker?.postMessage(name);
    }

    /** Ends what is there of workers. */
    end() {
        this._worker?.terminate();
        this._worker = null;
        this._nested?.endAll();
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
        if (this._worker && this._place === place) return;
        this.end();
        const worker = new Worker(this._scripts[place], { type: 'module', name: `features-${place}` });
        const nested = this._nested = new Nested((message) => worker.postMessage(message));
        this._worker = worker;
        this._place = place;
        worker.onmessage = ({ data }) => {
            if (data.type === 'fetched') this._fetched(data.bytes);
            else if (data.type !== 'found') nested.hear(data);
            else if (data.name === this._name) this._answer(data.found);
        };
        worker.onerror = (event) => {
            event.preventDefault();
            if (this._worker !== worker) return;
            this.end();
            this._answer(no(event.message || 'its worker could not be loaded'));
        };
    }
}
