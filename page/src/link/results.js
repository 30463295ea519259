/** What becomes of the results that the page's person sends to the service, one after the other. Pure. */

/** @import { DeviceResult, ResultNews } from '../shared/messages.js' */

/** How long another one waits for what becomes of the last: a service that does not know the message never says it. */
const PATIENCE_MS = 10_000;
/** Characters of the service's reason that are shown. */
const REASON_MOST = 300;

export class Results {
    /** @param {(result: DeviceResult) => void} write to the service @param {() => number} now in ms */
    constructor(write, now) {
        this._write = write;
        this._now = now;
        this._sentAt = 0;
        this._number = 0;
        /** @type {ResultNews | null} */
        this.news = null;
    }

    /** @param {DeviceResult} result @param {boolean} isConnected */
    send(result, isConnected) {
        if (this._isUnderWay() && this._now() - this._sentAt < PATIENCE_MS) return;
        this._sentAt = this._now();
        if (isConnected) this._write(result);
        this._tell(isConnected ? 'sent' : 'unsent');
    }

    /** @param {Record<string, any>} data of the service's reply */
    heard({ run, reason }) {
        if (!this._isUnderWay()) return;
        if (typeof run === 'string') this._tell('kept', run);
        else this._tell('refused', String(reason ?? 'it gives no reason').slice(0, REASON_MOST));
    }

    /** The connection has dropped. */
    lost() {
        if (this._isUnderWay()) this._tell('lost');
    }

    _isUnderWay() {
        return this.news?.state === 'sent';
    }

    /** @param {ResultNews['state']} state @param {string} [says] */
    _tell(state, says = '') {
        this.news = { number: ++this._number, state, says };
    }
}
