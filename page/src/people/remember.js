/** The switch "Remember this device". It is there where the service remembers devices, and where this browser has a key. */
import { element, say } from './elements.js';
import { findObstacle } from '../shared/device_key.js';
import { isLent } from '../shared/lent.js';

/** @import { StateMessage } from '../shared/messages.js' */
/** @import { Remembered } from '../ui/remembered.js' */

const HINT = 'This browser keeps a key, with which this page joins again without a link, also after the browser or the service was restarted. '
    + 'The service forgets it when the link is revoked, and after 30 days without a visit.';

export class Remember {
    /** @param {Remembered} remembered @param {boolean} hasLink */
    constructor(remembered, hasLink) {
        this._remembered = remembered;
        this._isOffered = false;
        /** What the person's own choice has come to. */
        this._problem = '';
        /** Why the service does not remember this device, although it was to, or "". */
        this._refusal = '';
        /** Why this browser cannot be remembered, or "". */
        this._obstacle = hasLink ? '' : 'this page was opened without a link';
        this._switch = element('input', { type: 'checkbox', id: 'remember', 'aria-describedby': 'remember-hint remember-problem' });
        this._switch.addEventListener('change', () => this._turn());
        this._says = element('p', { class: 'problem', id: 'remember-problem', role: 'alert' });
        this.field = element('div', { class: 'field' }, element('label', { class: 'switch', for: 'remember' }, this._switch, 'Remember this device'),
            element('p', { class: 'hint', id: 'remember-hint' }, HINT), this._says);
        this._draw();
        this._ask(hasLink);
    }

    /** @param {boolean} hasLink with which a device can be remembered */
    async _ask(hasLink) {
        const word = hasLink ? await fetch('/devices').then((response) => (response.ok ? response.text() : ''), () => '') : '';
        if (word === 'yes') this._obstacle = await findObstacle();
        this._isOffered ||= word === 'yes';
        this._draw();
    }

    /** @param {StateMessage} message */
    show(message) {
        if (message.node === '' || !isLent(message)) return;
        this._isOffered = message.device !== null;
        this._refusal = message.device?.reason ?? '';
        this._draw();
    }

    _draw() {
        const isOn = this._remembered.key !== null && this._refusal === '';
        this.field.hidden = !this._isOffered && !this._remembered.isKept;
        this._switch.checked = isOn;
        this._switch.disabled = this._obstacle !== '' && !isOn;
        const problem = this._problem || this._remembered.problem || this._refusal || (isOn ? '' : this._obstacle);
        say(this._says, problem && `This device is not remembered: ${problem}.`);
    }

    async _turn() {
        const isOn = this._switch.checked;
        this._problem = this._refusal = '';
        try {
            await this._remembered.turn(isOn);
        } catch (error) {
            this._problem = /** @type {Error} */ (error).message;
        }
        this._draw();
    }
}
