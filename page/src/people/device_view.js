/** "Test this device": what each platform computes, whether it is right, and how long it takes. */
import { check, measure, PLATFORMS } from './device_check.js';
import { TESTS } from './device_tests.js';
import { copyFrom, element, say, section } from './elements.js';
import { timeOf } from './figures.js';
import { resultOf } from './result.js';
import { isLent } from '../shared/lent.js';

/** @import { Build, DeviceResult, ResultNews, StateMessage } from '../shared/messages.js' */
/** @import { Found } from './device_check.js' */
/** @import { Device } from './settings.js' */

/** @typedef {object} Surroundings
 * @property {Record<Build, string>} scripts of engine workers @property {(bytes: number) => void} fetched is told what they fetch
 * @property {() => Device} device that is preferred
 * @property {() => string} busy why the device cannot be tested now, or ""
 * @property {(isTested: boolean) => void} rest the page takes no work while it is tested
 * @property {(result: DeviceResult) => void} send to the service, of which states tell what becomes */

/** What a person is told of the times that they have sent. @type {Record<ResultNews['state'], (says: string) => string>} */
const NEWS = {
    sent: () => 'The times are on their way to the service.',
    kept: (run) => `The service keeps the times as ${run}, marked as a person’s.`,
    refused: (why) => `The service does not keep the times: ${why}.`,
    lost: () => 'The connection dropped, so it is not known whether the service has the times.',
    unsent: () => 'This page is not connected to the service now. Send the times later.',
};

export class DeviceView {
    /** @param {Surroundings} around */
    constructor(around) {
        this._around = around;
        this._says = element('p', { id: 'test-says', role: 'status' });
        this._rows = element('tbody', {});
        const head = ['Platform', 'Test', 'Result', 'Time', 'Adapter'].map((name) => element('th', { scope: 'col' }, name));
        this._table = element('table', {}, element('thead', {}, element('tr', {}, ...head)), this._rows);
        this._scroll = element('div', { class: 'wide', tabindex: '0', role: 'region', 'aria-label': 'Results of the test' }, this._table);
        this._scroll.hidden = true;
        this._json = element('textarea', { id: 'measured', readonly: true, rows: '8', 'aria-label': 'The measured times as JSON' });
        this._copy = element('button', { id: 'measured-copy', type: 'button', onclick: () => this._copyTimes() }, 'Copy the times as JSON');
        this._send = element('button', { id: 'measured-send', type: 'button', onclick: () => this._sendTimes() }, 'Send the times to the service');
        this._json.hidden = this._copy.hidden = this._send.hidden = true;
        /** Of the last measurement. @type {DeviceResult | null} */
        this._result = null;
        this._isLent = false;
        this._news = 0;
        this._isTested = false;
        this._buttons = [
            element('button', { id: 'test', type: 'button', onclick: () => this._run(check, (found) => this._show(found)) }, 'Test this device'),
            element('button', { id: 'measure', type: 'button', onclick: () => this._run(measure, (found) => this._showTimes(found)) }, 'Measure it'),
        ];
        this.section = section('device', 'Test this device',
            element('p', { class: 'hint' }, 'Small tasks with known answers are computed in this browser, on each of its platforms. Nothing of it is sent anywhere, unless you send the measured times: the service keeps them with the names and versions of this browser and its adapters, and its cores and memory. No work is taken meanwhile.'),
            element('p', { class: 'verbs' }, ...this._buttons), this._says, this._scroll, this._json, element('p', { class: 'verbs' }, this._copy, this._send));
    }

    /** One at a time. @param {typeof check} work @param {(found: Found[]) => void} done */
    async _run(work, done) {
        if (this._isTested) return;
        const busy = this._around.busy(), { scripts, fetched } = this._around;
        if (busy) return say(this._says, busy);
        this._rest(true);
        try {
            const device = this._around.device(), power = device === 'low-power' ? device : 'high-performance', found = [];
            for (const platform of device === 'cpu' ? ['wasm'] : Object.keys(PLATFORMS)) {
                say(this._says, `Testing ${platform} …`);
                found.push(await work({ scripts, fetched, power }, platform));
            }
            done(found);
        } finally {
            this._rest(false);
        }
    }

    /** @param {boolean} isTested */
    _rest(isTested) {
        this._isTested = isTested;
        // A button that is disabled would lose the keyboard's place.
        for (const button of this._buttons) button.setAttribute('aria-disabled', String(isTested));
        this._around.rest(isTested);
    }

    /** @param {Found[]} found */
    _show(found) {
        const names = new Map(TESTS.map(({ name, says }) => [name, says]));
        this._rows.replaceChildren(...found.flatMap(({ platform, adapter, reason, rows }) => [
            ...rows.map(({ test, right, ms, problem }) =>
                row(platform, names.get(test) ?? test, problem ? `failed: ${problem}` : right ? 'right' : 'wrong', timeOf(ms ?? undefined), adapter || '–')),
            ...(reason ? [row(platform, '–', `not available: ${reason}`, '–', '–')] : [])]));
        this._scroll.hidden = false;
        const all = found.flatMap(({ rows }) => rows), right = all.filter((one) => one.right).length;
        say(this._says, `${right} of ${all.length} answers are right.`);
    }

    /** @param {Found[]} found */
    _showTimes(found) {
        this._json.value = JSON.stringify({ made_at: new Date().toISOString(), by: 'a person', user_agent: navigator.userAgent, cores: navigator.hardwareConcurrency,
            measured: found.map(({ platform, adapter, reason, rows }) => ({ platform, adapter, ...(reason ? { reason } : {}), ...rows[0] })) }, null, 2);
        this._json.hidden = this._copy.hidden = false;
        this._result = resultOf(found);
        this._offer();
        say(this._says, 'The times are measured.');
    }

    /** What is measured can be sent to a service that this page has joined. */
    _offer() {
        this._send.hidden = !this._result || !this._isLent;
    }

    _sendTimes() {
        if (this._result) this._around.send(this._result);
    }

    /** @param {StateMessage} message */
    show(message) {
        const { result } = message;
        this._isLent = isLent(message);
        this._offer();
        if (!result || result.number === this._news) return;
        this._news = result.number;
        say(this._says, NEWS[result.state](result.says));
    }

    async _copyTimes() {
        const isCopied = await copyFrom(this._json);
        say(this._says, isCopied ? 'The times are copied.' : 'This browser lets the page copy nothing. Copy the times from the field.');
    }
}

/** @param {...string} cells */
const row = (...cells) => element('tr', {}, ...cells.map((cell) => element('td', {}, cell)));
