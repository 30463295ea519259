/** The other browsers that this page is connected to, as measured; a field for one more; and the question whether STUN servers may help. */
import { element, say, section } from './elements.js';
import { timeOf } from './figures.js';

/** @import { PeerRow } from '../shared/messages.js' */
/** @import { Peering } from '../ui/peering.js' */

const WAYS = { direct: 'direct', relayed: 'through a peer', none: 'not connected' };
/** The end of an id, which is enough to tell peers apart. */
const SHOWN = 8;
const KIB = 1024;

/** @param {number} bytes */
const sizeOf = (bytes) => (bytes < KIB ? `${bytes} B` : bytes < KIB * KIB ? `${(bytes / KIB).toFixed(1)} KiB` : `${(bytes / KIB / KIB).toFixed(1)} MiB`);

/** @param {string} id */
const shownOf = (id) => `…${id.slice(-SHOWN)}`;

/** How this page reaches the service, if not by itself. @param {string} id where that begins; or "" @param {PeerRow[]} rows */
const wayOf = (id, rows) => (id === '' ? '' : rows.some((row) => row.id === id && row.isOperators) ? 'This page reaches the service through a peer of its operator.'
    : `This page reaches the service over another browser, ${shownOf(id)}, which sees how much is sent, and when, but not what.`);

/** @param {number} count of others */
const carriedOf = (count) => (count === 0 ? '' : `This page leads ${count === 1 ? 'another browser' : `${count} other browsers`} to the service now.`);

/** The columns: names, and what is said of a peer. @type {[string, (row: PeerRow) => string][]} */
const COLUMNS = [
    ['Peer', ({ id, isOperators }) => `${shownOf(id)}${isOperators ? ', the operator’s' : ''}`],
    ['Connection', ({ way, carries }) => `${WAYS[way]}${carries ? ', leads others to the service' : ''}`],
    ['Round trip', ({ rtt }) => timeOf(rtt)],
    ['Lost', ({ pings, lost }) => (pings ? `${lost} of ${pings}` : '–')],
    ['Sent, received', ({ sent, received }) => `${sizeOf(sent)}, ${sizeOf(received)}`],
    ['Computes', ({ computes }) => computes.join(', ') || '–'],
    ['Models', ({ models }) => models.join(', ') || '–'],
    ['Tasks', ({ running, waiting }) => (waiting ? `${running}, and ${waiting} wait` : String(running))],
];

/** Direct ones first. @param {PeerRow} a @param {PeerRow} b */
const inOrder = (a, b) => Object.keys(WAYS).indexOf(a.way) - Object.keys(WAYS).indexOf(b.way) || (a.id < b.id ? -1 : 1);

export class PeersView {
    /** @param {Peering} peering */
    constructor(peering) {
        this._peering = peering;
        this._problem = element('p', { id: 'peers-problem', role: 'status' });
        this._ways = element('p', { id: 'peers-way', role: 'status' });
        this._carried = element('p', { id: 'peers-carried' });
        this._none = element('p', { id: 'peers-none' }, 'There is no other peer yet.');
        this._rows = element('tbody', { id: 'peers-rows' });
        const head = element('thead', {}, element('tr', {}, ...COLUMNS.map(([name]) => element('th', { scope: 'col' }, name))));
        this._scroll = element('div', { class: 'wide', tabindex: '0', role: 'region', 'aria-label': 'Connected browsers' }, element('table', {}, head, this._rows));
        this._servers = element('strong', { class: 'apart', id: 'stun-servers' });
        this._question = this._ask();
        this.section = section('peers', 'Other browsers', this._problem, this._ways, this._carried, this._question, this._none, this._scroll, this._form(),
            element('p', { class: 'hint' }, 'The round trip is that of the last ping, and lost are pings without an answer within 5 s. Bytes are those of all streams with that peer.'));
        this.section.hidden = true;
        this._shown = '';
    }

    show() {
        this.section.hidden = !this._peering.isOn;
        if (this.section.hidden) return;
        say(this._problem, this._peering.problem);
        this._show(this._peering.asked);
        say(this._carried, carriedOf(this._peering.carried));
        const rows = this._peering.rows().sort(inOrder), cells = rows.map((row) => COLUMNS.map(([, tell]) => tell(row))), text = JSON.stringify(cells);
        say(this._ways, wayOf(this._peering.way, rows));
        this._none.hidden = rows.length > 0;
        this._scroll.hidden = rows.length === 0;
        if (text === this._shown) return;
        this._shown = text;
        this._rows.replaceChildren(...rows.map(({ id, way }, i) =>
            element('tr', { 'data-peer': id, 'data-way': way, title: id }, ...cells[i].map((cell) => element('td', {}, cell)))));
    }

    /** @param {string[]} servers that are to be asked about */
    _show(servers) {
        this._question.hidden = servers.length === 0;
        say(this._servers, servers.join(', '));
    }

    _ask() {
        const answer = (/** @type {boolean} */ isAllowed) => () => {
            this._peering.answer(isAllowed);
            this.show();
        };
        return element('div', { id: 'stun', role: 'group', hidden: true },
            element('p', {}, 'Browsers behind other routers can be reached if a STUN server tells this one its public address. The operator of this service names ',
                this._servers, '. It would see the address of this browser, and so would the other browsers. May it be asked?'),
            element('p', { class: 'verbs' }, element('button', { id: 'stun-yes', type: 'button', onclick: answer(true) }, 'Yes'),
                element('button', { id: 'stun-no', type: 'button', onclick: answer(false) }, 'No')));
    }

    _form() {
        const field = element('input', { id: 'peer-address', type: 'text', autocomplete: 'off', spellcheck: 'false', maxlength: '512', 'aria-describedby': 'peer-problem' });
        const problem = element('p', { id: 'peer-problem', class: 'problem', role: 'alert' }), button = element('button', { type: 'submit', id: 'peer-add' }, 'Connect');
        const form = element('form', {}, element('div', { class: 'field' }, element('label', { for: 'peer-address' }, 'Address of a peer (multiaddr)'), field, problem), element('p', {}, button));
        form.addEventListener('submit', async (event) => {
            event.preventDefault();
            button.disabled = true;
            const why = await this._peering.add(field.value).catch(String);
            button.disabled = false;
            say(problem, why);
            field.setAttribute('aria-invalid', String(why !== ''));
            if (why === '') field.value = '';
        });
        return form;
    }
}
