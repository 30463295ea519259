/**
 * What a page shows a service to join it: the token of its link, or the key of this device, which a service may remember. The
 * token comes first, and the key with it. A service that refuses the token is shown the key: after a restart it knows no join
 * token any more, but its devices. It uses no browser globals.
 */

/** @import { DeviceKey } from '../shared/device_key.js' */

export class Passes {
    /** @param {string} token "": there is none @param {DeviceKey | null} [key] @param {boolean} [isKnown] a service has remembered the key */
    constructor(token, key = null, isKnown = false) {
        this._token = token;
        this.key = key;
        this._isKnown = isKnown;
        this._isRefused = false;
        /** A service has welcomed the page as a device: at another origin it would have no key. */
        this.isDevice = false;
    }

    /** There is nothing to show. */
    get isEmpty() {
        return !this._token && !this.key;
    }

    /** The part of an announcement. @returns {Record<string, any>} */
    get mark() {
        if (this.key && this._isTokenless) return { device: { key: this.key.text } };
        return { token: this._token, ...(this.key ? { device_key: this.key.text } : {}) };
    }

    /** The service does not want what it was shown. @returns {boolean} whether there is something else for it */
    refused() {
        const isAnother = this._token !== '' && !this._isRefused && this.key !== null && this._isKnown;
        this._isRefused = isAnother;
        return isAnother;
    }

    /** @param {unknown} nonce of a challenge @param {(key: DeviceKey, nonce: unknown) => Promise<string>} [sign] */
    async prove(nonce, sign) {
        if (!this.key || !sign) throw new Error('this is no device');
        return sign(this.key, nonce).catch(() => {
            throw new Error('this device cannot prove itself');
        });
    }

    get _isTokenless() {
        return !this._token || this._isRefused;
    }

    /** Begins with the token again, at another service. */
    reset() {
        this._isRefused = false;
    }

    /** The service has welcomed the page with what it was shown. */
    welcomed() {
        this.isDevice = this._isTokenless;
        this.reset();
    }

    /** @param {DeviceKey} key that a service is to remember */
    use(key) {
        this.key = key;
        this._isKnown = false;
    }

    /** A service has remembered the key. */
    known() {
        this._isKnown = true;
    }

    /** This is no device any more. */
    forget() {
        this.key = null;
        this._isKnown = false;
    }
}
