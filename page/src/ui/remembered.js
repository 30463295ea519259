/**
 * Whether services remember this browser, so that the page joins without a link: by a key, which is made when its person wants
 * that, and which the browser keeps from when a service has remembered it.
 */
import { keep, make, recall, remove } from '../shared/device_key.js';

/** @import { DeviceKey } from '../shared/device_key.js' */
/** @import { StateMessage, ToLink } from '../shared/messages.js' */

export class Remembered {
    constructor() {
        /** @type {DeviceKey | null} */
        this.key = null;
        /** The browser keeps it, so a service has remembered it. */
        this.isKept = false;
        /** Why the browser could not keep it, or "". */
        this.problem = '';
        /** Is told when the key is gone. */
        this.onForgotten = () => {};
        /** @type {((message: ToLink) => void) | null} */
        this._tell = null;
    }

    /** Looks for what the browser has kept. */
    async recall() {
        this.key = await recall();
        this.isKept = this.key !== null;
    }

    /** What the link worker is to begin with. @param {(message: ToLink) => void} tell it what changes from now on
     * @returns {{key: DeviceKey | null, isKnown: boolean}} */
    begin(tell) {
        this._tell = tell;
        return { key: this.key, isKnown: this.isKept };
    }

    /** The page computes no more. */
    end() {
        this._tell = null;
    }

    /** @param {StateMessage} message @returns {Promise<void>} once the key is kept, if it is to be */
    async show({ device }) {
        if (!device?.remembered || !this.key || this.isKept) return;
        this.isKept = true;
        try {
            await keep(this.key);
        } catch (error) {
            this._forgetDevice();
            this.problem = /** @type {Error} */ (error).message;
        }
    }

    /** The switch. Throws why that is not possible. @param {boolean} isOn */
    async turn(isOn) {
        this.problem = '';
        if (!isOn) {
            await remove();
            return this._forgetDevice();
        }
        await this.recall();
        this.key ??= await make();
        this._tell?.({ type: 'remember_device', key: this.key });
    }

    _forgetDevice() {
        this.key = null;
        this.isKept = false;
        this._tell?.({ type: 'forget_device' });
        this.onForgotten();
    }
}
