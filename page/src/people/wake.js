/** Keeps the screen on while the page takes work, if its person wants that: a device that sleeps computes nothing. */

export class Wake {
    constructor() {
        this._isWanted = false;
        /** @type {any} */
        this._lock = null;
        document.addEventListener('visibilitychange', () => this._apply());
    }

    /** @param {boolean} isWanted from now on */
    want(isWanted) {
        if (isWanted === this._isWanted) return;
        this._isWanted = isWanted;
        this._apply();
    }

    get _isHeld() {
        return Boolean(this._lock) && !this._lock.released;
    }

    /** A browser takes the lock away when the page is hidden, and may refuse it, for instance on a low battery. */
    async _apply() {
        if (!this._isWanted || document.hidden) {
            this._lock?.release();
            this._lock = null;
        } else if (!this._isHeld) {
            const lock = await /** @type {any} */ (navigator).wakeLock?.request('screen').catch(() => null);
            // It may not be wanted any more, or an earlier request may have been answered.
            if (this._isWanted && !this._isHeld) this._lock = lock;
            else lock?.release();
        }
    }
}
