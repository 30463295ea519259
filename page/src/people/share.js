/** A link for others: copied where its maker allows it; and a field for a link where there is none. */
import { copyFrom, element, say, section } from './elements.js';
import { readLink } from './link.js';
import { LONGEST } from './settings.js';
import { isLent } from '../shared/lent.js';

/** @import { StateMessage } from '../shared/messages.js' */

export class Share {
    /** @param {() => string} token of this page's link */
    constructor(token) {
        this._token = token;
        this._service = location.origin;
        this._says = element('p', {});
        this._done = element('p', { role: 'status' });
        this._button = element('button', { id: 'share-copy', type: 'button', onclick: () => this._copy() }, 'Copy the link');
        this._shown = element('input', { id: 'share-link', readonly: true, 'aria-label': 'The link' });
        this._shown.hidden = true;
        this.section = section('share', 'Others who want to help', this._says, element('p', {}, this._button), this._shown, this._done);
        this.section.hidden = true;
    }

    /** @param {StateMessage} message */
    show(message) {
        const mayShare = message.shareable && this._token() !== '';
        this._service = message.service;
        this.section.hidden = !isLent(message);
        this._button.hidden = !mayShare;
        say(this._says, mayShare ? 'The person who made this page’s link allows you to pass it on. Everyone who has it can lend a browser as you do.'
            : `${message.shareable ? 'This page was opened without a link.' : 'The link of this page is for you alone.'} The operator of ${location.host} can make others, with “webinfer token join”.`);
    }

    async _copy() {
        // The service that the page is with has welcomed the token; another, such as a page's own, may not know it.
        this._shown.value = `${this._service}/#token=${this._token()}`;
        const isCopied = await copyFrom(this._shown);
        say(this._done, isCopied ? 'The link is copied.' : 'This browser lets the page copy nothing. Copy the link from the field.');
    }
}

/** @param {(address: string) => void} open the page at that address of its origin */
export function linkField(open) {
    const field = element('input', { id: 'link', type: 'text', inputmode: 'url', autocomplete: 'off', spellcheck: 'false', maxlength: String(2 * LONGEST), 'aria-describedby': 'link-problem' });
    const problem = element('p', { id: 'link-problem', class: 'problem', role: 'alert' });
    const form = element('form', {}, element('div', { class: 'field' }, element('label', { for: 'link' }, 'Join link'), field, problem),
        element('p', {}, element('button', { type: 'submit', id: 'link-open' }, 'Open')));
    form.addEventListener('submit', (event) => {
        event.preventDefault();
        const { address, problem: why } = readLink(field.value, location.origin);
        say(problem, why);
        field.setAttribute('aria-invalid', String(why !== ''));
        if (address) open(address);
    });
    return section('have-link', 'Do you have a link?', form);
}
