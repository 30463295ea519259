/** The figures of this node, as the service counts them: those of /v1/nodes. */
import { element, say, section } from './elements.js';
import { isLent } from '../shared/lent.js';

/** @import { StateMessage } from '../shared/messages.js' */

/** @type {Record<string, string>} */
const STATES = { connected: 'connected', connecting: 'connecting', reconnecting: 'trying to connect again', probing: 'finding out what this browser can do', stopped: 'stopped', refused: 'refused' };

/** The figures: their ids, their names, and what is said of them. @type {[string, string, (message: StateMessage, since: number, now: number) => string][]} */
const ROWS = [
    ['state', 'State', ({ state, paused }) => (paused && state === 'connected' ? 'paused' : STATES[state] ?? state)],
    ['uptime', 'Connected for', ({ node }, since, now) => (node ? durationOf(now - since) : '–')],
    ['answered', 'Tasks done', ({ figures }) => String(figures?.answered ?? 0)],
    ['failed', 'Tasks failed', ({ figures }) => String(figures?.failed ?? 0)],
    ['running', 'Tasks running', ({ running }) => String(running)],
    ['task_ms_p50', 'Time per task', ({ figures }) => timeOf(figures?.task_ms_p50)],
    ['rtt_ms', 'Round trip', ({ figures }) => timeOf(figures?.rtt_ms)],
    ['heartbeats_lost', 'Heartbeats lost', ({ figures }) => String(figures?.heartbeats_lost ?? 0)],
];

/** @param {number | undefined} ms */
export const timeOf = (ms) => (ms === undefined ? '–' : `${ms >= 10 ? Math.round(ms) : Number(ms.toPrecision(2))} ms`);

/** @param {number} ms */
export function durationOf(ms) {
    const minutes = Math.max(0, Math.floor(ms / 60_000)), hours = Math.floor(minutes / 60);
    if (minutes < 1) return 'less than a minute';
    return hours < 1 ? `${minutes} min` : `${hours} h ${minutes % 60} min`;
}

export class Figures {
    constructor() {
        this._values = ROWS.map(([id]) => element('dd', { id: `figure-${id}` }, '–'));
        const rows = ROWS.flatMap(([, name], i) => [element('dt', {}, name), this._values[i]]);
        this.section = section('figures', 'What the service counts', element('dl', {}, ...rows),
            element('p', { class: 'hint' }, 'The service counts the tasks and heartbeats of this connection, and tells the figures with each heartbeat. The time per task is the median of the last 64, from sending the task to its answer.'));
        this.section.hidden = true;
        this._node = '';
        this._since = 0;
    }

    /** @param {StateMessage} message @param {number} now Unix milliseconds */
    show(message, now) {
        if (message.node !== this._node) {
            this._node = message.node;
            this._since = now;
        }
        this.section.hidden = !isLent(message);
        for (const [i, [, , tell]] of ROWS.entries()) say(this._values[i], tell(message, this._since, now));
    }
}
